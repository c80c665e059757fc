import { imageVersion } from './image';

/** Release series in order: binaries and the feature compatibility version move one at a time (release notes, S22). */
const RELEASES = ['4.2', '4.4', '5.0', '6.0', '7.0', '8.0'] as const;

/** From this one on the binaries of a Community server do not go back (release notes of 7.0, "downgrade"). */
const ONE_WAY = '7.0';

const indexOf = (release: string): number => RELEASES.findIndex((one) => one === release);

/** `4.4` of `4.4.29`, as buildInfo tells it. */
export const releaseOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Undefined: none is known, or the release is no series that an upgrade leads from. */
export const nextRelease = (release: string): string | undefined => {
  const at = indexOf(release);
  return at === -1 ? undefined : RELEASES[at + 1];
};

/** Below 0: `a` is the older one. */
export function compareReleases(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/** Whether members of this release may go back to the one before, as long as the feature compatibility version is still its. */
export const mayGoBack = (release: string): boolean => compareReleases(release, ONE_WAY) < 0;

/** The release that an image's tag names; undefined: it names none, and only its servers will tell. */
export function imageRelease(image: string): string | undefined {
  const version = imageVersion(image);
  if (version === undefined) return undefined;
  const { major, minor } = version;
  // A tag of the major number alone is the series of that number: 4 is 4.4.
  const series = RELEASES.filter((release) => release.startsWith(`${major}.`)).at(-1);
  return minor === 99 ? series : `${major}.${minor}`;
}

/** Members run the release after their feature compatibility version, which is still to be raised to it. */
export function pendingRelease(
  versions: readonly string[],
  featureVersion: string | undefined,
): string | undefined {
  const [release, ...others] = [...new Set(versions.map(releaseOf))];
  if (release === undefined || others.length > 0 || featureVersion === undefined) return undefined;
  return nextRelease(featureVersion) === release ? release : undefined;
}
