import { createHash } from 'node:crypto';
import { mostRecent } from '../domain/health';
import type { ChangePlan, Risk, Step, StepFacts } from '../domain/plan';
import type { MemberConfig, ReplicaSetConfig } from '../domain/replica-set';
import {
  clusterLookup,
  describeOpTime,
  describeRanking,
  describeStakes,
  rankSurvivors,
  type ClusterOf,
  type Survivor,
} from '../domain/survivors';
import { selfHost, splitSets } from './assess';
import { isRiskier } from './plan-instance';
import { fatalClusters } from './quorum';
import { findRecoveryFault } from './recovery-fault';
import type { RecoverySight } from './recovery-sight';
import type { SetState } from './set-state';
import { simulate } from './simulate';
import { toStep } from './step-contract';

export type RecoveryOutcome =
  | { readonly kind: 'plan'; readonly plan: ChangePlan }
  | { readonly kind: 'refusal'; readonly message: string };

/**
 * The way back from a lost majority (S4): the others are fenced, one survivor is given a configuration of survivors alone,
 * and leads. Who is missing is added again by changes as any other (S10). Refused while anything speaks against it.
 */
export function planRecovery(facts: RecoverySight): RecoveryOutcome {
  const { reports } = facts.observation;
  const split = splitSets(facts);
  if (split !== undefined) return refuse(split.kind === 'refusal' ? split.message : split.reason);
  const config = mostRecent(reports)?.config;
  if (config === undefined)
    return refuse('No member that has a configuration answers: there is nothing to recover from.');
  const clusterOf = clusterLookup(facts.clusterOf, config);
  const fault = findRecoveryFault(facts, config, clusterOf);
  if (fault !== undefined) return refuse(fault);
  const survivors = rankSurvivors(config, reports, clusterOf);
  const [leader] = survivors;
  if (leader === undefined)
    return refuse(
      'No data member that answers could lead: bring others back, or restore a backup into a new instance.',
    );
  const held = reports.find((report) => selfHost(report) === leader.host)?.config ?? config;
  if (held.version !== config.version || held.term !== config.term)
    return refuse(
      `${leader.host} has not heard of configuration version ${config.version} yet: ask again in a moment.`,
    );
  const members = keepSurvivors(config, survivors, leader, answeringHosts(facts));
  return judgeRecovery(facts, config, { leader, survivors, members, clusterOf });
}

const refuse = (message: string): RecoveryOutcome => ({ kind: 'refusal', message });

const answeringHosts = ({ observation }: RecoverySight): ReadonlySet<string> =>
  new Set(observation.reports.filter(({ membership }) => membership === 'member').map(selfHost));

/**
 * Survivors as they are; the leader votes and may be elected whatever it was. Who answers and cannot lead now stays without
 * a vote; an arbiter stays only where it makes the number odd (S6).
 */
function keepSurvivors(
  config: ReplicaSetConfig,
  survivors: readonly Survivor[],
  leader: Survivor,
  answering: ReadonlySet<string>,
): MemberConfig[] {
  const serving = new Set(survivors.map(({ host }) => host));
  const data = config.members
    .filter((member) => !member.arbiterOnly && answering.has(member.host))
    .map((member): MemberConfig => {
      if (member.host === leader.host)
        return { ...member, votes: 1, priority: member.priority || 1, hidden: false, secondaryDelaySecs: 0 };
      return serving.has(member.host) ? member : { ...member, votes: 0, priority: 0 };
    });
  const votes = data.filter((member) => member.votes > 0).length;
  const arbiters = config.members.filter((member) => member.arbiterOnly && answering.has(member.host));
  return votes % 2 === 0 ? [...data, ...arbiters.slice(0, 1)] : data;
}

interface Choice {
  readonly leader: Survivor;
  readonly survivors: readonly Survivor[];
  readonly members: readonly MemberConfig[];
  readonly clusterOf: ClusterOf;
}

function judgeRecovery(facts: RecoverySight, config: ReplicaSetConfig, choice: Choice): RecoveryOutcome {
  const { leader, survivors, members, clusterOf } = choice;
  const answering = answeringHosts(facts);
  const holding = new Set(members.map(({ host }) => clusterOf(host)));
  const gone = config.members.filter(({ host }) => !answering.has(host));
  const clusters = [...new Set(gone.map(({ host }) => clusterOf(host)))].filter((name) => !holding.has(name));
  const steps: StepFacts[] = [
    ...(clusters.length === 0 ? [] : [{ kind: 'fence' as const, clusters: clusters.sort() }]),
    {
      kind: 'forceReconfig',
      host: leader.host,
      expected: { version: config.version, term: config.term },
      members,
    },
    { kind: 'stepUp', host: leader.host },
  ];
  const start: SetState = {
    initiated: true,
    members: config.members,
    primaryHost: undefined,
    down: new Set(gone.map(({ host }) => host)),
    synced: new Set(),
    highestId: Math.max(...config.members.map(({ _id }) => _id)),
    clusters: new Map(config.members.map(({ host }) => [host, clusterOf(host)])),
    removing: false,
  };
  const simulation = simulate(steps, start, false);
  if (simulation.fault !== undefined)
    return refuse(`Refused by rule ${simulation.fault.rule}: ${simulation.fault.message}`);
  const contracted = steps.map((step): Step => toStep(step));
  return {
    kind: 'plan',
    plan: {
      steps: contracted,
      hash: hashRecovery(facts, config, survivors, steps),
      margins: simulation.prefixes.map(({ view }) => ({ margin: view.margin, fatal: fatalClusters(view) })),
      risk: contracted.reduce<Risk>((most, { risk }) => (isRiskier(risk, most) ? risk : most), 'safe'),
      risky: contracted.map((step) => ('host' in step ? `${step.kind} ${step.host}` : step.kind)),
      provisional: false,
      warnings: listWarnings(facts, config, choice, clusters),
      before: simulation.before,
      after: simulation.after,
    },
  };
}

/** Another generation, configuration, survivor or opTime is another plan: what was approved is what runs. */
function hashRecovery(
  facts: RecoverySight,
  { replicaSetId, version, term }: ReplicaSetConfig,
  survivors: readonly Survivor[],
  steps: readonly StepFacts[],
): string {
  const ranking = survivors.map(({ host, optime }) => [host, describeOpTime(optime)]);
  const told = [facts.setName, facts.generation, replicaSetId ?? null, version, term ?? null, ranking, steps];
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16);
}

/** What a person must have read before agreeing. */
function listWarnings(
  { observation, platform }: RecoverySight,
  config: ReplicaSetConfig,
  { leader, survivors, members, clusterOf }: Choice,
  clusters: readonly string[],
): string[] {
  const answers = (name: string): boolean => platform.find(({ cluster }) => cluster === name)?.api === true;
  const unknown = clusters.filter((name) => !platform.some(({ cluster }) => cluster === name));
  const far = clusters.filter((name) => !answers(name) && !unknown.includes(name));
  const near = clusters.filter(answers);
  return [
    `Survivors by (term, opTime): ${describeRanking(survivors)}; ${leader.host} leads, with ${members.length} of ${config.members.length} members.`,
    `At stake: ${describeStakes(config, observation.reports, clusterOf)}.`,
    ...(far.length === 0
      ? []
      : [
          `${far.join(', ')} cannot be reached: members there are shut off when Karmada reaches them. Until then, cut off from the survivors, they could elect a second primary of their own, whose writes are lost later: shut them off by hand if you can, and keep clients away from them.`,
        ]),
    ...(near.length === 0
      ? []
      : [
          `${near.join(', ')} ${near.length === 1 ? 'answers' : 'answer'}, with no mongod that runs: bring these members back instead, if they can be; else they are shut off first.`,
        ]),
    ...(unknown.length === 0
      ? []
      : [`${unknown.join(', ')} is not registered with Karmada and cannot be fenced: shut it off by hand.`]),
    `Copy the volume of ${leader.host} first (S4). There is no way back, but what was cut off keeps its volumes until somebody deletes them.`,
  ];
}
