import { createHash } from 'node:crypto';
import type { ChangeOutcome, Plan, PlanInput, Risk, Step, StepFacts, SwitchTarget } from '../domain/plan';
import type { ClusterShare, MemberPlace } from '../domain/placement';
import type { MemberReport } from '../domain/replica-set';
import { applyStep } from './apply-step';
import { assess, type Situation } from './assess';
import { NO_ROTATION, type RotationFacts } from '../domain/rotation';
import type { InstanceMember } from './instance-member';
import { keysOf } from './keyfile';
import { hashPlan } from './plan-hash';
import { planMembership, startState, versionsOf } from './plan-membership';
import { planRebuild, type RebuildFacts } from './plan-rebuild';
import { planRestarts } from './plan-restarts';
import { planPasswords, planRotation } from './plan-rotation';
import { priorityOfPrimary } from './draft';
import { fatalClusters } from './quorum';
import { emptyState, quorumOf, type SetState } from './set-state';
import { simulate } from './simulate';
import { toStep } from './step-contract';
import { planSettings, type SettingChanges } from './plan-settings';
import { planSwitchover } from './switchover';
import { defaultWriteConcernStep } from './write-concern';
import { planUpgrade, type Releases, type UpgradeFacts } from './plan-upgrade';

export interface InstancePlanInput {
  /** `desired` are the wanted members, at their addresses or placeholders. */
  readonly membership: PlanInput;
  readonly members: readonly InstanceMember[];
  /** Placement to be written first; undefined: the one that is written stands. */
  readonly shares?: readonly ClusterShare[] | undefined;
  /** Templates or override on Karmada are not as they should be. */
  readonly mustDispatch: boolean;
  readonly switchTo?: SwitchTarget | undefined;
  /** Undefined: releases are not looked at. */
  readonly upgrade?: UpgradeFacts | undefined;
  /** Absent: passwords and keyfile stay. */
  readonly rotation?: RotationFacts | undefined;
  readonly rebuild?: RebuildFacts | undefined;
  /** Absent: nobody is to be told. */
  readonly settings?: SettingChanges | undefined;
}

/** Stands for an address that is not known yet: no host has a slash. */
export const placeholderOf = ({ cluster, ordinal }: MemberPlace): string => `${cluster}/${ordinal}`;
export const isPlaceholder = (host: string): boolean => host.includes('/');

const RISKS: readonly Risk[] = ['safe', 'quorum', 'primaryChange', 'dataLoss', 'pointOfNoReturn', 'force'];

export const isRiskier = (risk: Risk, than: Risk): boolean => RISKS.indexOf(risk) > RISKS.indexOf(than);

/**
 * The whole change of an instance as one list of steps: settings that need no restart, placement, objects, pods, then the replica set, restarts
 * (secondaries first, one at a time, S2), a switchover if asked for, what has left the set (S11, S13), and last the
 * point of no return of a new release (S22). Every prefix was simulated. An empty plan: nothing is left to do.
 */
export function planInstance(input: InstancePlanInput): ChangeOutcome {
  if (!input.membership.existed && input.members.every((member) => !member.dispatched))
    return planCreation(input);
  const seen = assess(input.membership);
  if (seen.kind === 'stopped') return seen.verdict;
  if (seen.kind === 'empty') {
    return {
      kind: 'wait',
      reason: 'No replica set runs yet: its creation comes first.',
      waitingFor: input.membership.desired.map((member) => member.host),
    };
  }
  if (input.rebuild !== undefined) return planOneRebuild(input, input.rebuild, seen.situation);
  const arriving = listArriving(input, seen.situation);
  const membershipInput = withArriving(input.membership, arriving);
  const due = input.members.filter((member) => member.restart && member.wanted);
  const broken = due.filter(({ host }) => seen.situation.down.has(host));
  const membership = planMembership(membershipInput);
  if (membership.kind !== 'plan' && (membership.kind !== 'wait' || broken.length === 0)) return membership;
  const change = membership.kind === 'plan' ? membership.plan : heldBack(membership.reason);
  const releases =
    input.upgrade === undefined
      ? NO_UPGRADE
      : planUpgrade(input.upgrade, seen.situation, {
          restarts: new Set(due.map(({ host }) => host)),
          reshapes: reshapes(input, arriving, change.steps),
        });
  if (releases.kind !== 'releases') return releases;
  const rotation = input.rotation ?? NO_ROTATION;
  const placed = withPlaces(startState(membershipInput, seen.situation), input.members);
  const rotates = rotation.wantsKey || rotation.keyfile !== 'one';
  const start: SetState = {
    ...placed,
    servers: releases.servers,
    ...(rotates ? { keys: keysOf(rotation, input.members) } : {}),
  };
  const facts = planSettings(input.members, input.settings ?? NO_SETTINGS, seen.situation.primaryHost);
  const end = (): SetState => simulate(facts, start, false).end;
  if (input.shares !== undefined) facts.push({ kind: 'place', shares: input.shares });
  if (input.mustDispatch) facts.push({ kind: 'dispatch', clusters: clustersOf(input.members) });
  if (arriving.length > 0) facts.push({ kind: 'waitPods', hosts: arriving });
  facts.push(...planPasswords(rotation), ...change.steps);
  if (change.complete) {
    const restarts = planRotation(end(), input.members, rotation);
    if (restarts.kind !== 'steps') return restarts;
    facts.push(...restarts.steps);
    const switchover = planSwitchover(end(), input.switchTo);
    if (switchover.kind !== 'steps') return switchover;
    facts.push(...switchover.steps);
    facts.push(...planRetirement(input.members), ...releases.steps);
  } else {
    // What the rest waits for may be one of these, and it comes back no other way.
    const restarts = planRestarts(end(), broken);
    if (restarts.kind !== 'steps') return restarts;
    const before = facts.length;
    for (const step of restarts.steps) if (applyStep(end(), step).ok) facts.push(step);
    if (membership.kind === 'wait' && facts.length === before) return membership;
  }
  const hash = hashPlan(input.membership, seen.situation.config);
  return judgeChange(input, change, hash, facts, start, releases);
}

/** A change of the replica set of which nothing can be done yet. */
const heldBack = (reason: string): Pick<Plan, 'steps' | 'warnings' | 'complete'> => ({
  steps: [],
  warnings: [reason],
  complete: false,
});

const NO_UPGRADE: Releases = {
  kind: 'releases',
  steps: [],
  course: undefined,
  servers: undefined,
  warnings: [],
};

const NO_SETTINGS: SettingChanges = new Map();

const KEEPS_SHAPE: ReadonlySet<StepFacts['kind']> = new Set([
  'createUsers',
  'setDefaultWriteConcern',
  'waitSync',
]);

/** A former address may end at any moment: to follow the new one is recovery, which S21 lets through. */
const keepsShape = (step: StepFacts): boolean =>
  KEEPS_SHAPE.has(step.kind) || (step.kind === 'setMemberFields' && step.newHost !== undefined);

/** Whether anything else happens than members being restarted where they are. */
const reshapes = (
  { shares, members }: InstancePlanInput,
  arriving: readonly string[],
  steps: readonly StepFacts[],
): boolean =>
  shares !== undefined ||
  arriving.length > 0 ||
  members.some((member) => !member.wanted && member.dispatched) ||
  !steps.every(keepsShape);

/** One broken member, and nothing else: the rest of what is asked for is planned when it serves again (S12). */
function planOneRebuild(
  input: InstancePlanInput,
  rebuild: RebuildFacts,
  situation: Situation,
): ChangeOutcome {
  const start = withPlaces(startState(input.membership, situation), input.members);
  const wish = input.membership.desired.find(({ host }) => host === rebuild.host);
  const steps = planRebuild(start, rebuild, wish);
  if (steps.kind !== 'steps') return steps;
  const concern = defaultWriteConcernStep(steps.steps, start, versionsOf(situation));
  const isOdd = quorumOf(start).votes % 2 === 1;
  const rest = 'Whatever else is asked for is planned after the rebuild.';
  const plan = { warnings: [rest], complete: isOdd };
  return judgeChange(
    input,
    plan,
    hashPlan(input.membership, situation.config),
    [...concern, ...steps.steps],
    start,
  );
}

/** What a creation will do once all members answer; it is carried out by stages that decide again by what is so then. */
function planCreation(input: InstancePlanInput): ChangeOutcome {
  const hosts = input.members.map((member) => member.host);
  const expected = withArriving(input.membership, hosts);
  const membership = planMembership(expected);
  if (membership.kind !== 'plan') return membership;
  const start = withPlaces(emptyState(new Map()), input.members);
  const facts: StepFacts[] = [
    ...(input.shares === undefined ? [] : [{ kind: 'place' as const, shares: input.shares }]),
    { kind: 'dispatch', clusters: clustersOf(input.members) },
    { kind: 'waitPods', hosts },
    ...membership.plan.steps,
  ];
  return judgeChange(input, membership.plan, hashPlan(input.membership, undefined), facts, start);
}

/** Wanted members that are not in the configuration and do not answer yet. */
function listArriving({ membership, members }: InstancePlanInput, { config }: Situation): string[] {
  const known = new Set([
    ...config.members.map(({ host }) => host),
    ...membership.observation.reports.map(({ host }) => host),
  ]);
  return members.filter((member) => member.wanted && !known.has(member.host)).map(({ host }) => host);
}

/** What has left the set goes, then the clusters that hold nothing any more. */
function planRetirement(members: readonly InstanceMember[]): StepFacts[] {
  const leaving = members.filter((member) => !member.wanted && member.dispatched);
  const staying = members.filter((member) => member.wanted);
  return leaving.length === 0
    ? []
    : [
        ...leaving.map(({ cluster, ordinal, host }) => ({
          kind: 'retireMember' as const,
          cluster,
          ordinal,
          host,
        })),
        { kind: 'dispatch', clusters: clustersOf(staying) },
      ];
}

/** Members that are about to come are taken to answer, empty, as they will. */
function withArriving(membership: PlanInput, arriving: readonly string[]): PlanInput {
  const { observation } = membership;
  const version = observation.reports.find((report) => report.membership === 'member')?.version;
  const reports = arriving.map((host): MemberReport => ({
    host,
    version: version ?? '0.0.0',
    membership: 'uninitialized',
    stateName: 'STARTUP',
    views: [],
  }));
  return {
    ...membership,
    observation: {
      ...observation,
      reports: [...observation.reports, ...reports],
      unreachable: observation.unreachable.filter(({ host }) => !arriving.includes(host)),
    },
  };
}

/** Members that leave are in no wish: their clusters are known all the same. */
export const withPlaces = (state: SetState, members: readonly InstanceMember[]): SetState => ({
  ...state,
  clusters: new Map([
    ...members.map(({ host, cluster }): [string, string] => [host, cluster]),
    ...state.clusters,
  ]),
});

const clustersOf = (members: readonly InstanceMember[]): string[] =>
  [...new Set(members.map((member) => member.cluster))].sort();

/** A list of steps as a plan: simulated, hashed, with what it risks. */
export function judgeChange(
  input: InstancePlanInput,
  { warnings, complete }: Pick<Plan, 'warnings' | 'complete'>,
  membershipHash: string,
  facts: readonly StepFacts[],
  start: SetState,
  releases: Releases = NO_UPGRADE,
): ChangeOutcome {
  const simulation = simulate(facts, start, complete);
  if (simulation.fault !== undefined) {
    return {
      kind: 'refusal',
      rule: simulation.fault.rule,
      message: `Step ${simulation.fault.step + 1} of the plan is not safe: ${simulation.fault.message}`,
    };
  }
  const steps = facts.map((one): Step => toStep(one, priorityOfPrimary(start)));
  return {
    kind: 'plan',
    plan: {
      steps,
      hash: hashSteps(membershipHash, facts),
      margins: simulation.prefixes.map(({ view }) => ({ margin: view.margin, fatal: fatalClusters(view) })),
      risky: upToNoReturn(steps).flatMap((step) =>
        step.risk === 'safe' ? [] : [describeRisk(step, input.members)],
      ),
      risk: steps.reduce<Risk>((most, { risk }) => (isRiskier(risk, most) ? risk : most), 'safe'),
      provisional: input.members.some((member) => member.wanted && isPlaceholder(member.host)),
      ...(releases.course === undefined ? {} : { upgrade: releases.course }),
      warnings: [...new Set([...warnings, ...releases.warnings, ...simulation.warnings])],
      before: simulation.before,
      after: simulation.after,
    },
  };
}

/** All steps before the first that cannot be taken back; that one is asked for when nothing is before it. */
function upToNoReturn(steps: readonly Step[]): readonly Step[] {
  const last = steps.findIndex((step, index) => index > 0 && step.risk === 'pointOfNoReturn');
  return last === -1 ? steps : steps.slice(0, last);
}

/** `stepDown east/0`: by place, as the address of a new member comes only on the way. */
function describeRisk(step: Step, members: readonly InstanceMember[]): string {
  const placeOf = (host: string): string => {
    const member = members.find((one) => one.host === host);
    return member === undefined ? host : placeholderOf(member);
  };
  const hosts =
    'members' in step
      ? step.members.map((member) => member.host)
      : 'host' in step
        ? [step.host]
        : 'version' in step
          ? [step.version]
          : [];
  return [step.kind, ...hosts.map(placeOf)].join(' ');
}

function hashSteps(membership: string, facts: readonly StepFacts[]): string {
  return createHash('sha256')
    .update(JSON.stringify([membership, facts]))
    .digest('hex')
    .slice(0, 16);
}
