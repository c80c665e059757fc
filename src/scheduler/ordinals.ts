import { MAX_MEMBERS, type Ordinal } from '../domain/names';
import type { ClusterShare, MemberPlace } from '../domain/placement';
import type { ScheduleRequest } from './request';

/** Ordinals that a cluster may still give out, beside those that run there. */
export function countFreeOrdinals(
  cluster: string,
  request: Pick<ScheduleRequest, 'existing' | 'retired'>,
): number {
  return MAX_MEMBERS - takenOrdinals(cluster, [...request.existing, ...(request.retired ?? [])]).size;
}

/** The members of a share: those that run stay, the highest ordinals go first, new ones take the lowest free. */
export function placeOrdinals(
  share: ClusterShare,
  request: Pick<ScheduleRequest, 'existing' | 'retired'>,
): MemberPlace[] {
  const { cluster, replicaset } = share;
  const running = [...takenOrdinals(cluster, request.existing)].sort((a, b) => a - b);
  const taken = takenOrdinals(cluster, [...request.existing, ...(request.retired ?? [])]);
  const free = Array.from({ length: taken.size + replicaset }, (_, ordinal) => ordinal).filter(
    (ordinal) => !taken.has(ordinal),
  );
  const kept = running.slice(0, replicaset);
  const ordinals = [...kept, ...free.slice(0, replicaset - kept.length)].sort((a, b) => a - b);
  const arbiter: Ordinal[] = share.arbiter === true ? ['arbiter'] : [];
  return [...ordinals, ...arbiter].map((ordinal) => ({ cluster, ordinal }));
}

/** Members that run and are not among `members`. */
export function findLeaving(
  existing: readonly MemberPlace[],
  members: readonly MemberPlace[],
): MemberPlace[] {
  const staying = new Set(members.map(nameMember));
  return existing
    .filter((member) => !staying.has(nameMember(member)))
    .map(({ cluster, ordinal }) => ({ cluster, ordinal }))
    .sort(compareMembers);
}

export const nameMember = ({ cluster, ordinal }: MemberPlace): string => `${cluster}/${ordinal}`;

/** By cluster, then ordinal, the arbiter last. */
export function compareMembers(a: MemberPlace, b: MemberPlace): number {
  const rank = ({ ordinal }: MemberPlace): number => (ordinal === 'arbiter' ? MAX_MEMBERS : ordinal);
  return compareText(a.cluster, b.cluster) || rank(a) - rank(b);
}

/** Order of names that no locale changes. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function takenOrdinals(cluster: string, members: readonly MemberPlace[]): Set<number> {
  return new Set(
    members.flatMap((member) =>
      member.cluster === cluster && typeof member.ordinal === 'number' ? [member.ordinal] : [],
    ),
  );
}
