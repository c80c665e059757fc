import { imageVersion } from '../../domain/image';

/** Release series in order; a binary may move to the next one only (S22). */
const SERIES = ['4.2', '4.4', '5.0', '6.0', '7.0', '8.0'] as const;

/**
 * Why a member that runs `running` may not be started with `image`, or undefined when it may.
 * @param running version as buildInfo tells it
 */
export function refuseUpgrade(running: string, image: string): string | undefined {
  const target = imageVersion(image);
  if (target === undefined) return undefined;
  const [major = '', minor = ''] = running.split('.');
  const from = seriesIndex(Number(major), Number(minor));
  const to = seriesIndex(target.major, target.minor);
  if (from === undefined || to === undefined || from === to) return undefined;
  if (to < from)
    return `Members run ${running}: going back to ${image} is not supported (S22). Set spec.image to ${SERIES[from] ?? ''} or restore a backup into a new instance.`;
  if (to > from + 1)
    return `Members run ${running}: ${image} skips releases (S22). Upgrade one at a time, ${SERIES[from + 1] ?? ''} is next, and set the featureCompatibilityVersion in between.`;
  return undefined;
}

// Rapid releases (5.1, 7.3…) count to the series that they lead to.
function seriesIndex(major: number, minor: number): number | undefined {
  const exact = SERIES.findIndex((series) => series === `${major}.${minor}`);
  if (exact !== -1) return exact;
  const sameMajor = SERIES.map((series) => series.split('.').map(Number)).findLastIndex(
    ([first, second]) => first === major && (second ?? 0) <= minor,
  );
  return sameMajor === -1 ? undefined : sameMajor;
}
