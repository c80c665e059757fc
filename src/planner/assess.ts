import type { PlanInput, PlanOutcome } from '../domain/plan';
import { writablePrimary } from '../domain/health';
import type { MemberReport, MemberStateName, ReplicaSetConfig } from '../domain/replica-set';

export type Verdict = Exclude<PlanOutcome, { kind: 'plan' }>;

/** What the reports say about the set, before anything is wished for. */
export type Assessment =
  | { readonly kind: 'empty'; readonly answering: ReadonlySet<string> }
  | { readonly kind: 'running'; readonly situation: Situation }
  | { readonly kind: 'stopped'; readonly verdict: Verdict };

export interface Situation {
  readonly config: ReplicaSetConfig;
  readonly primaryHost: string;
  /** Members that answer, by the host they were asked at. */
  readonly reports: ReadonlyMap<string, MemberReport>;
  /** Configured hosts that most members do not see as serving (S9). */
  readonly down: ReadonlySet<string>;
  readonly highestId: number;
}

const SERVING: ReadonlySet<MemberStateName> = new Set(['PRIMARY', 'SECONDARY', 'ARBITER']);

/** Whether a set exists, which configuration holds, who leads it and who is healthy. */
export function assess(input: PlanInput): Assessment {
  const { reports } = input.observation;
  const configs = reports.flatMap((report) => (report.config === undefined ? [] : [report.config]));
  if (configs.length === 0) return assessEmpty(input);

  const split = splitSets(input);
  if (split !== undefined) return stop(split);
  const primary = writablePrimary(reports);
  const config = primary?.config;
  if (primary === undefined || config === undefined) {
    const silent = input.observation.unreachable.map(({ host }) => host);
    return stop({
      kind: 'wait',
      reason: 'A configuration exists but no primary that a majority follows: nothing can be changed.',
      waitingFor:
        silent.length > 0 ? silent : configs.flatMap(({ members }) => members.map(({ host }) => host)),
    });
  }
  const primaryHost = selfHost(primary);
  const down = new Set(
    config.members.map((member) => member.host).filter((host) => !isHealthy(host, primary, reports)),
  );
  return {
    kind: 'running',
    situation: {
      config,
      primaryHost,
      reports: new Map(reports.map((report) => [report.host, report])),
      down,
      highestId: Math.max(
        input.highestMemberId ?? -1,
        ...configs.flatMap(({ members }) => members.map((member) => member._id)),
      ),
    },
  };
}

const stop = (verdict: Verdict): Assessment => ({ kind: 'stopped', verdict });

function assessEmpty({ observation, desired, seedHost, existed }: PlanInput): Assessment {
  const hidden = observation.unreachable.map(({ host }) => host);
  const former = hidden.filter((host) => !desired.some((member) => member.host === host));
  if (existed || former.length > 0)
    return stop({
      kind: 'wait',
      reason:
        'The replica set was initiated before, and no member that answers holds its configuration: it is never initiated again.',
      waitingFor: former.length > 0 ? former : hidden,
    });
  const answering = new Set(
    observation.reports
      .filter((report) => report.membership === 'uninitialized')
      .map((report) => report.host),
  );
  const seed = desired.find((member) => member.host === seedHost);
  if (seed === undefined || seed.priority === 0) {
    const why = seed === undefined ? 'is not among the desired members' : 'may not be elected';
    return stop({
      kind: 'refusal',
      rule: 'S4',
      message: `The recorded seed ${seedHost} ${why}. Make sure that it holds no data, then record another seed.`,
    });
  }
  // Initiating elsewhere could make a second set beside one that the silent seed already started.
  if (!answering.has(seedHost))
    return stop({
      kind: 'wait',
      reason: `No member has a configuration and the recorded seed ${seedHost} does not answer.`,
      waitingFor: [seedHost],
    });
  const voters = desired.filter((member) => member.votes > 0);
  const silent = voters.filter((member) => !answering.has(member.host)).map((member) => member.host);
  if (voters.length - silent.length <= voters.length / 2)
    return stop({
      kind: 'wait',
      reason: `Only ${voters.length - silent.length} of ${voters.length} voters answer: too few to initiate.`,
      waitingFor: silent,
    });
  return { kind: 'empty', answering };
}

/** Members of two sets can never be joined: one side's data would be lost (S4). */
export function splitSets({
  observation,
  setName,
}: Pick<PlanInput, 'observation' | 'setName'>): Verdict | undefined {
  const sides = new Map<string, string[]>();
  for (const { host, config } of observation.reports) {
    if (config === undefined) continue;
    const side = `${config._id} (${config.replicaSetId ?? 'no id'})`;
    sides.set(side, [...(sides.get(side) ?? []), host]);
  }
  const foreign = observation.reports.find(({ config }) => config !== undefined && config._id !== setName);
  if (sides.size < 2 && foreign === undefined) return undefined;
  const list = [...sides].map(([side, hosts]) => `${side}: ${hosts.join(', ')}`).join('; ');
  return {
    kind: 'refusal',
    rule: 'S4',
    message: `These members do not belong to one replica set ${setName}: ${list}. Decide which data is right and empty the others' volumes.`,
  };
}

/** The host by which a member knows itself: another than it was asked at while its address changes. */
export const selfHost = (report: MemberReport): string =>
  report.views.find((view) => view.self)?.host ?? report.host;

/** S9: the primary and most of the other members see it serve; who is alone is asked itself. */
function isHealthy(host: string, primary: MemberReport, reports: readonly MemberReport[]): boolean {
  if (host === selfHost(primary)) return true;
  const others = listOthers(host, reports);
  return sees(primary, host) && others.filter((report) => sees(report, host)).length * 2 > others.length;
}

/** Hosts of the members that answer and do not see it serve. */
export const listBlind = (host: string, reports: readonly MemberReport[]): string[] =>
  listOthers(host, reports)
    .filter((report) => !sees(report, host))
    .map(selfHost);

const listOthers = (host: string, reports: readonly MemberReport[]): MemberReport[] =>
  reports.filter(
    (report) => report.membership === 'member' && report.views.length > 0 && selfHost(report) !== host,
  );

const sees = (report: MemberReport, host: string): boolean =>
  report.views.some((view) => view.host === host && view.health === 1 && SERVING.has(view.stateName));
