import { TOPOLOGY_SPREAD } from '../domain/syntax';

/** A rule between the nodes of one cluster that must hold: what it lets in, counts as room. */
export interface HardSpread {
  readonly key: string;
  readonly maxSkew: number;
}

export type SpreadReading =
  { readonly hard: HardSpread | undefined } | { readonly refusal: string; readonly hard?: undefined };

const VALUE = new RegExp(TOPOLOGY_SPREAD);

/**
 * Reads `spreadConstraints.topologySpreadConstraints`: node label → `maxSkew` (best effort, no part of the room) or
 * `maxSkew/DoNotSchedule`. At most one may insist: the room under several is not a matter of counting.
 */
export function readTopologySpread(map: Readonly<Record<string, string>>): SpreadReading {
  const hard: HardSpread[] = [];
  for (const [key, value] of Object.entries(map)) {
    const field = `spreadConstraints.topologySpreadConstraints["${key}"]`;
    const match = VALUE.exec(value);
    if (match === null) {
      return {
        refusal: `${field} is "${value}": write a whole number from 1, alone or with /DoNotSchedule or /ScheduleAnyway.`,
      };
    }
    if (match[2] === 'DoNotSchedule') hard.push({ key, maxSkew: Number(match[1]) });
  }
  if (hard.length > 1) {
    return {
      refusal: `spreadConstraints.topologySpreadConstraints insists (DoNotSchedule) on ${hard.map(({ key }) => key).join(' and ')}: make all but one of them ScheduleAnyway.`,
    };
  }
  return { hard: hard[0] };
}
