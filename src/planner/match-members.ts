import type { DesiredMember, MemberConfig } from '../domain/replica-set';
import { selfHost, type Situation } from './assess';

/** A member that stays, as it is and as it should be. */
export interface KeptMember {
  readonly desired: DesiredMember;
  readonly present: MemberConfig;
}

/** The wish laid beside the configuration. */
export interface Matched {
  /** Same host, or the same mongod at a new host. */
  readonly kept: readonly KeptMember[];
  readonly added: readonly DesiredMember[];
  readonly leaving: readonly MemberConfig[];
  /** Desired, not in the configuration, and not answering. */
  readonly pending: readonly DesiredMember[];
}

/** Finds who is who: by host, then by what a member that answers at a new host knows of itself. */
export function matchMembers(desired: readonly DesiredMember[], situation: Situation): Matched {
  const byHost = new Map(situation.config.members.map((member) => [member.host, member]));
  const kept: KeptMember[] = [];
  const fresh: DesiredMember[] = [];
  for (const wish of desired) {
    const present = byHost.get(wish.host);
    if (present === undefined) fresh.push(wish);
    else kept.push({ desired: wish, present });
  }
  const taken = new Set(kept.map(({ present }) => present._id));
  const loose = (): MemberConfig[] => situation.config.members.filter((member) => !taken.has(member._id));
  const added: DesiredMember[] = [];
  const pending: DesiredMember[] = [];
  for (const wish of fresh) {
    const moved = findMoved(wish, loose(), situation);
    if (moved !== undefined) {
      taken.add(moved._id);
      kept.push({ desired: wish, present: moved });
    } else if (situation.reports.has(wish.host)) added.push(wish);
    else pending.push(wish);
  }
  return { kept, added, pending, leaving: loose() };
}

function findMoved(
  wish: DesiredMember,
  loose: readonly MemberConfig[],
  situation: Situation,
): MemberConfig | undefined {
  const report = situation.reports.get(wish.host);
  if (report === undefined) return undefined;
  const sameKind = loose.filter((member) => member.arbiterOnly === (wish.ordinal === 'arbiter'));
  // Both addresses lead to one mongod: it tells under which it is configured.
  const known = selfHost(report);
  if (report.membership === 'member' && known !== wish.host)
    return sameKind.find((member) => member.host === known);
  // It restarted behind a new address and no longer finds itself in the configuration that it holds.
  if (report.membership !== 'removed') return undefined;
  return sameKind.find(
    (member) =>
      situation.down.has(member.host) &&
      member.tags['cluster'] === wish.cluster &&
      report.config?.members.some((held) => held._id === member._id && held.host === member.host) === true,
  );
}
