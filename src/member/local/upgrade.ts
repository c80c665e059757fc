import { compareReleases, imageRelease, mayGoBack, nextRelease, releaseOf } from '../../domain/release';

/** What one member tells of itself. */
export interface Running {
  /** As buildInfo tells it. */
  readonly version: string;
  /** Of its data; undefined: it does not tell. */
  readonly featureCompatibilityVersion?: string | undefined;
}

/**
 * Why a member may not be started with `image`, or undefined when it may. There is nobody here to wait through a soak
 * or to approve: the feature compatibility version is a person's to set, before the next release (S22).
 */
export function refuseUpgrade(running: Running, image: string): string | undefined {
  const from = releaseOf(running.version);
  const to = imageRelease(image);
  const featureVersion = running.featureCompatibilityVersion ?? from;
  if (to === undefined || to === from) return undefined;
  const members = `Members run ${running.version} with feature compatibility version ${featureVersion}`;
  const next = nextRelease(from);
  if (compareReleases(to, from) < 0) {
    return to === featureVersion && mayGoBack(from)
      ? undefined
      : `${members}: going back to ${image} is not supported (S22). Set spec.image to ${from}, or restore a backup into a new instance.`;
  }
  if (featureVersion !== from) {
    const confirm = mayGoBack(from) ? '' : ', confirm: true';
    return `${members}: before ${image} set it, on the primary: db.adminCommand({setFeatureCompatibilityVersion: "${from}"${confirm}}), which cannot be taken back (S22).`;
  }
  if (to !== next)
    return `${members}: ${image} skips releases (S22). Upgrade one at a time, ${next ?? 'none that is known'} is next.`;
  return undefined;
}
