import type { MembershipStep, Plan, PlanInput, PlanOutcome } from '../domain/plan';
import type { ReplicaSetConfig } from '../domain/replica-set';
import { assess, type Situation } from './assess';
import { desiredFault, desiredWarnings, toConfig } from './config-rules';
import { matchMembers } from './match-members';
import { hashPlan } from './plan-hash';
import { planChanges } from './plan-changes';
import { emptyState, quorumOf, type SetState } from './set-state';
import { simulate } from './simulate';
import { toStep } from './step-contract';
import { defaultWriteConcernStep } from './write-concern';

/**
 * Desired × observed → typed steps, for creation, scaling and every later change. A set that exists is adopted; an
 * empty plan means that nothing is left to do. Wait: something must answer first. Refusal: only a person can help.
 */
export function planMembership(input: PlanInput): PlanOutcome {
  const wrong = desiredFault(input.desired);
  if (wrong !== undefined) return { kind: 'refusal', ...wrong };
  const assessment = assess(input);
  switch (assessment.kind) {
    case 'stopped':
      return assessment.verdict;
    case 'empty':
      return planInitiation(input, assessment.answering);
    case 'running':
      return planRunning(input, assessment.situation);
  }
}

function planInitiation(input: PlanInput, answering: ReadonlySet<string>): PlanOutcome {
  const first = [...input.desired].sort(
    (a, b) => Number(b.host === input.seedHost) - Number(a.host === input.seedHost),
  );
  const start = emptyState(clustersOf(input), input.highestMemberId ?? -1);
  const firstId = start.highestId + 1;
  const members = first
    .filter((member) => answering.has(member.host))
    .map((member, index) => toConfig(member, firstId + index));
  const steps = [
    toStep({ kind: 'initiate', host: input.seedHost, setName: input.setName, members }),
    toStep({ kind: 'stepUp', host: input.seedHost }),
    toStep({ kind: 'createUsers' }),
  ];
  const missing = input.desired.filter((member) => !answering.has(member.host)).map((member) => member.host);
  const notes =
    missing.length > 0 ? [`${missing.join(', ')} did not answer and will be added later (S10).`] : [];
  return finish(input, undefined, steps, start, missing.length === 0, notes);
}

function planRunning(input: PlanInput, situation: Situation): PlanOutcome {
  const matched = matchMembers(input.desired, situation);
  const other = matched.kept.find(
    ({ desired, present }) => (desired.ordinal === 'arbiter') !== present.arbiterOnly,
  );
  if (other !== undefined) {
    const role = other.present.arbiterOnly ? 'an arbiter' : 'a data member';
    return {
      kind: 'refusal',
      rule: 'S6',
      message: `${other.present.host} is ${role} and cannot be turned into the other kind: remove it and add a member at another address.`,
    };
  }
  const start = startState(input, situation);
  const changes = planChanges(input, matched, start);
  const writeConcern = defaultWriteConcernStep(changes.steps, start, versionsOf(situation));
  const users = input.usersReady ? [] : [toStep({ kind: 'createUsers' })];
  const steps = [...users, ...writeConcern, ...changes.steps];
  if (steps.length === 0 && changes.waitingFor.length > 0)
    return { kind: 'wait', reason: changes.notes.join(' '), waitingFor: changes.waitingFor };
  return finish(input, situation.config, steps, start, changes.waitingFor.length === 0, changes.notes);
}

function finish(
  input: PlanInput,
  config: ReplicaSetConfig | undefined,
  steps: readonly MembershipStep[],
  start: SetState,
  complete: boolean,
  notes: readonly string[],
): PlanOutcome {
  const simulation = simulate(steps, start, complete);
  if (simulation.fault !== undefined)
    return {
      kind: 'refusal',
      rule: simulation.fault.rule,
      message: `Step ${simulation.fault.step + 1} of the plan is not safe: ${simulation.fault.message}`,
    };
  const plan: Plan = {
    steps,
    hash: hashPlan(input, config),
    warnings: [...notes, ...desiredWarnings(input.desired)],
    before: quorumOf(start),
    after: simulation.after,
    complete,
  };
  return { kind: 'plan', plan };
}

/** A set that runs, as the simulator takes it. */
export const startState = (input: PlanInput, situation: Situation): SetState => ({
  ...emptyState(clustersOf(input), situation.highestId),
  initiated: true,
  members: situation.config.members,
  primaryHost: situation.primaryHost,
  down: situation.down,
});

const clustersOf = (input: PlanInput): Map<string, string> =>
  new Map(input.desired.map((member) => [member.host, member.cluster]));

export const versionsOf = (situation: Situation): string[] =>
  [...situation.reports.values()].map((report) => report.version);
