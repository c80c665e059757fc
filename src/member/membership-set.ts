import type { Ordinal } from '../domain/names';
import { dataOrdinals } from '../domain/placement';

/** What the spec says of each member's being, against the StatefulSets that are there. */
export interface MemberSet {
  /** Spec has no count: nothing is built and nothing is lowered. */
  readonly held: boolean;
  readonly wanted: readonly Ordinal[];
  /** Present and listed in `spec.retired`: to be taken away. */
  readonly retired: readonly Ordinal[];
  /** Present, not wanted and not retired: kept, and reported. */
  readonly stray: readonly Ordinal[];
}

export function sortMembers(
  spec: {
    readonly members?: number | undefined;
    readonly arbiter?: boolean | undefined;
    readonly retired?: readonly Ordinal[] | undefined;
  },
  present: readonly Ordinal[],
): MemberSet {
  const retired = spec.retired ?? [];
  if (spec.members === undefined) return { held: true, wanted: [], retired: [], stray: [] };
  const wanted: Ordinal[] = dataOrdinals(spec.members, retired);
  if (spec.arbiter === true && !retired.includes('arbiter')) wanted.push('arbiter');
  const unwanted = present.filter((ordinal) => !wanted.includes(ordinal));
  return {
    held: false,
    wanted,
    retired: unwanted.filter((ordinal) => retired.includes(ordinal)),
    stray: unwanted.filter((ordinal) => !retired.includes(ordinal)),
  };
}
