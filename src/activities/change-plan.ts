import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import { REPLICA_SET_NAME } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { Wait } from '../domain/instance';
import type { Agreement, ChangeOutcome, ChangePlan, Gate, SwitchTarget } from '../domain/plan';
import type { Placement } from '../domain/placement';
import { readBinding, reportsOf, type ClusterReport } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { judgeGate } from '../planner/gate';
import {
  placeholderOf,
  planInstance,
  type InstanceMember,
  type InstancePlanInput,
} from '../planner/plan-instance';
import { planLostVotes } from '../planner/plan-lost-votes';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { readCredentials } from './credentials';
import { answers, describeWish, isCreated } from './instance-marks';
import { desiredMember, findLayoutFault, isSamePlace, knownHosts, layOut, readLayout } from './layout';
import type { Layout, LayoutMember } from './layout';
import { fencedClusters, withoutMark } from './loss-marks';
import { overrideRules, revisionOf } from './override-rules';
import { digestPodParts, findMixedChange } from './pod-parts';
import { proposeChange } from './placement';
import { policyOf, type RecoveryFacts } from './recovery-gate';
import { digestReferences, resolveReferences, type References } from './references';
import { haveUsers, observeInstance } from './replica-set';

export interface ChangeInput extends InstanceInput, RecoveryFacts {
  readonly switchTo?: SwitchTarget | undefined;
  readonly agreed?: Agreement | undefined;
  /** Plans as if the mark of `cluster` were gone. */
  readonly restoring?: boolean | undefined;
}

export interface ChangeProposal {
  readonly plan: ChangePlan;
  readonly gate: Gate;
  /** What was asked for when it was made; only of a failover, which changes that itself. */
  readonly wish?: string | undefined;
}

export function createChangePlanActivities(context: ActivityContext) {
  return {
    /** What is left to do of all that is asked for; an empty plan when nothing is. Touches nothing. */
    async planChange({
      instance,
      switchTo,
      agreed,
      ...facts
    }: ChangeInput): Promise<StageResult<ChangeProposal>> {
      const cr = await loadInstance(context, instance);
      const { cluster, restoring } = facts;
      const asIf = restoring === true && cluster !== undefined ? withoutMark(cr, cluster) : cr;
      const change = await readChange(context, asIf, switchTo);
      if (!change.done) return change;
      const { plan, references } = change.value;
      const gate = judgeGate({
        plan,
        ...policyOf(cr, facts),
        agreed,
        annotated: cr.metadata.annotations[ANNOTATIONS.approve],
        now: context.now(),
      });
      const wish = describeWish(cr, digestReferences(references));
      return done({ plan, gate, ...(facts.kind === 'failoverInstance' ? { wish } : {}) });
    },
  };
}

/** A change with what it was planned from. */
export interface Change extends Target {
  readonly plan: ChangePlan;
  readonly references: References;
}

/** Reads everything that decides about a change, and plans it. Writes nothing. */
export async function readChange(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  switchTo: SwitchTarget | undefined,
): Promise<StageResult<Change>> {
  const resolved = await resolveReferences(context, cr);
  if (!resolved.ok) return waitFor(resolved.wait);
  const mixed = findMixedChange(cr, resolved.references);
  if (mixed !== undefined) return waitFor({ code: 'SpecRefused', message: mixed });
  const target = await readTarget(context, cr);
  if (!target.done) return planWithoutRoom(context, cr, resolved.references, target.wait);
  return planTowards(context, cr, switchTo, resolved.references, target.value);
}

async function planTowards(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  switchTo: SwitchTarget | undefined,
  references: References,
  target: Target,
): Promise<StageResult<Change>> {
  const { layout } = target;
  const fault = findLayoutFault(cr, layout);
  if (fault !== undefined) return waitFor(fault);
  const input = await gatherPlanInput(context, cr, references, target);
  return judgeOutcome(planInstance({ ...input, switchTo }), references, target);
}

/** Nobody waits for room with votes of the dead that hold the others back. */
async function planWithoutRoom(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  references: References,
  wait: Wait,
): Promise<StageResult<Change>> {
  const lost = fencedClusters(cr);
  const standing = await readLayout(context, cr);
  if (wait.code !== 'Unschedulable' || lost.length === 0 || !standing.done) return waitFor(wait);
  const target = { layout: standing.value, placement: undefined };
  const outcome = planLostVotes(await gatherPlanInput(context, cr, references, target), lost, wait.message);
  return outcome === undefined ? waitFor(wait) : judgeOutcome(outcome, references, target);
}

/** Everything that the planner is told of an instance. */
async function gatherPlanInput(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  references: References,
  { layout, placement }: Target,
): Promise<InstancePlanInput> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const mustDispatch = isDispatchDue(cr, layout, references);
  const members = listMembers(layout, reportsOf(binding), willReplacePods(cr, references));
  const existed = isCreated(cr);
  const observation = existed
    ? await observeInstance(context, cr, knownHosts(cr, layout))
    : { at: context.now().toISOString(), reports: [], unreachable: [] };
  const seed = layout.members.find((member) => isSamePlace(member, layout.seed));
  const overrides = cr.spec.member.overrides ?? [];
  return {
    membership: {
      setName: REPLICA_SET_NAME,
      generation: cr.metadata.generation ?? 0,
      desired: layout.members.map((member) => desiredMember(member, hostOf(member), overrides)),
      observation,
      seedHost: seed === undefined ? '' : hostOf(seed),
      existed,
      usersReady: existed && (await haveUsers(observation, await readCredentials(context, cr))),
    },
    members,
    shares: placement?.shares,
    mustDispatch,
  };
}

function judgeOutcome(outcome: ChangeOutcome, references: References, target: Target): StageResult<Change> {
  switch (outcome.kind) {
    case 'refusal':
      return waitFor({ code: 'PlanRefused', message: `Refused by rule ${outcome.rule}: ${outcome.message}` });
    case 'wait':
      return waitFor({ code: 'MembersUnreachable', message: outcome.reason });
    case 'plan':
      return done({ plan: outcome.plan, references, ...target });
  }
}

interface Target {
  readonly layout: Layout;
  /** To be written first; undefined: the one that is written stands. */
  readonly placement: Placement | undefined;
}

/** The placement that stands, or the one that the spec has come to ask for. */
async function readTarget(context: ActivityContext, cr: MultiCloudMongoDB): Promise<StageResult<Target>> {
  const proposed = await proposeChange(context, cr);
  if (!proposed.done) return proposed;
  const placement = proposed.value;
  const read = placement === undefined ? await readLayout(context, cr) : await layOut(context, cr, placement);
  return read.done ? done({ layout: read.value, placement }) : read;
}

/** What Karmada was given last is not what is asked for now. */
function isDispatchDue(cr: MultiCloudMongoDB, layout: Layout, references: References): boolean {
  const wish = describeWish(cr, digestReferences(references));
  if (!answers(cr.metadata.annotations[ANNOTATIONS.appliedSpec], wish)) return true;
  const wanted = overrideRules(layout).map((rule) => `${rule.cluster} ${revisionOf(rule)}`);
  const present = layout.dispatched.map((share) => `${share.cluster} ${share.revision ?? ''}`);
  return JSON.stringify(wanted.sort()) !== JSON.stringify(present.sort());
}

/** The templates that are to be sent would change pods: before they are sent nobody can report it. */
function willReplacePods(cr: MultiCloudMongoDB, references: References): boolean {
  const applied = cr.metadata.annotations[ANNOTATIONS.appliedPods];
  return applied !== undefined && applied !== digestPodParts(cr, references);
}

function listMembers(
  layout: Layout,
  reports: ReadonlyMap<string, ClusterReport>,
  willReplace: boolean,
): InstanceMember[] {
  const isPending = ({ cluster, ordinal }: Pick<LayoutMember, 'cluster' | 'ordinal'>): boolean =>
    reports.get(cluster)?.status?.members?.find((member) => member.ordinal === ordinal)?.pendingTemplate ===
    true;
  const share = (cluster: string) => layout.dispatched.find((one) => one.cluster === cluster);
  const isDispatched = ({ cluster, ordinal }: Pick<LayoutMember, 'cluster' | 'ordinal'>): boolean =>
    ordinal === 'arbiter' ? share(cluster)?.arbiter === true : ordinal < (share(cluster)?.members ?? 0);
  return [
    ...layout.members.map((member) => ({
      cluster: member.cluster,
      ordinal: member.ordinal,
      host: hostOf(member),
      wanted: true,
      dispatched: isDispatched(member),
      restart: isDispatched(member) && (willReplace || isPending(member)),
    })),
    ...layout.leaving.map((member) => ({
      cluster: member.cluster,
      ordinal: member.ordinal,
      host: hostOf(member),
      wanted: false,
      // Nothing is taken away where nothing can be sent: that is left for when its cluster is back.
      dispatched: !layout.fenced.includes(member.cluster),
      restart: false,
    })),
  ];
}

const hostOf = (member: Pick<LayoutMember, 'cluster' | 'ordinal' | 'host'>): string =>
  member.host ?? placeholderOf(member);
