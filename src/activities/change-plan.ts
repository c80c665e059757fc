import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import { REPLICA_SET_NAME } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { OperationKind, Wait } from '../domain/instance';
import type { Agreement, ChangeOutcome, ChangePlan, Gate, SwitchTarget } from '../domain/plan';
import type { Placement } from '../domain/placement';
import { readBinding, reportsOf, type ClusterReport } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { judgeGate } from '../planner/gate';
import { imageRelease } from '../domain/release';
import { partConfig } from '../mongodb/runtime-options';
import { readSoak, soakEnd } from './soak';
import type { InstanceMember } from '../planner/instance-member';
import { placeholderOf, planInstance, type InstancePlanInput } from '../planner/plan-instance';
import { planLostVotes } from '../planner/plan-lost-votes';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { readCredentials } from './credentials';
import { answers, describeCarried, describeWish, isCreated } from './instance-marks';
import {
  desiredMember,
  digestAddresses,
  findLayoutFault,
  isSamePlace,
  knownHosts,
  layOut,
  readLayout,
} from './layout';
import type { Layout, LayoutMember } from './layout';
import { fencedClusters, withoutMark } from './loss-marks';
import { overrideRules, revisionOf } from './override-rules';
import { digestPodParts, findMixedChange, replacesPods } from './pod-parts';
import { proposeChange } from './placement';
import { policyOf, type RecoveryFacts } from './recovery-gate';
import { digestCarried, digestReferences, resolveReferences, type References } from './references';
import { readRebuild } from './rebuild';
import { haveUsers, observeInstance } from './replica-set';
import { readRotation } from './rotation-facts';
import { findSettingChanges } from './settings';

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
      const change = await readChange(context, asIf, switchTo, scopeOf(facts.kind));
      if (!change.done) return change;
      const { plan, references } = change.value;
      const gate = judgeGate({
        plan,
        ...policyOf(cr, facts),
        agreed,
        annotated: cr.metadata.annotations[ANNOTATIONS.approve],
        soakUntil: soakEnd(cr, plan),
        now: context.now(),
      });
      if (facts.kind !== 'failoverInstance') return done({ plan, gate });
      const wish = describeWish(cr, digestReferences(references), await digestAddresses(context, cr));
      return done({ plan, gate, wish });
    },
  };
}

/**
 * `withoutSoak`: what waits for days is left to an operation of its own, so that no other waits with it. `members`: nor is
 * any member restarted, so that a failover waits for no upgrade and no rotation that the loss has met.
 */
export type ChangeScope = 'whole' | 'withoutSoak' | 'members';

export function scopeOf(kind: OperationKind | undefined): ChangeScope {
  if (kind === 'failoverInstance') return 'members';
  return kind === undefined || kind === 'upgradeInstance' ? 'whole' : 'withoutSoak';
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
  scope: ChangeScope = 'whole',
): Promise<StageResult<Change>> {
  const resolved = await resolveReferences(context, cr);
  if (!resolved.ok) return waitFor(resolved.wait);
  const mixed = findMixedChange(cr, resolved.references);
  if (mixed !== undefined) return waitFor({ code: 'SpecRefused', message: mixed });
  const target = await readTarget(context, cr);
  const { references } = resolved;
  if (!target.done) return planWithoutRoom(context, cr, references, target.wait);
  const fault = findLayoutFault(cr, target.value.layout);
  if (fault !== undefined) return waitFor(fault);
  const input = await gatherPlanInput(context, cr, references, target.value, scope);
  if (!input.done) return input;
  return judgeOutcome(planInstance({ ...input.value, switchTo }), references, target.value);
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
  const input = await gatherPlanInput(context, cr, references, target, 'members');
  if (!input.done) return input;
  const outcome = planLostVotes(input.value, lost, wait.message);
  return outcome === undefined ? waitFor(wait) : judgeOutcome(outcome, references, target);
}

/** Everything that the planner is told of an instance. */
async function gatherPlanInput(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  references: References,
  { layout, placement }: Target,
  scope: ChangeScope,
): Promise<StageResult<InstancePlanInput>> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const mustDispatch = isDispatchDue(cr, layout, references);
  const reports = reportsOf(binding);
  const existed = isCreated(cr);
  const restartsMembers = existed && scope !== 'members';
  const rotation = restartsMembers
    ? await readRotation(context, cr, { layout, references, reports })
    : undefined;
  const members = listMembers(layout, reports, {
    all: willReplacePods(cr, references),
    stale: rotation?.stale ?? new Map(),
  });
  const rebuild = restartsMembers ? await readRebuild(context, cr, layout) : undefined;
  if (rebuild !== undefined && 'wait' in rebuild) return waitFor(rebuild.wait);
  const observation = existed
    ? await observeInstance(context, cr, knownHosts(cr, layout))
    : { at: context.now().toISOString(), reports: [], unreachable: [] };
  const { settings: wantedSettings } = partConfig(references.mergedYaml);
  const settings = restartsMembers
    ? await findSettingChanges(context, cr, observation, wantedSettings)
    : undefined;
  const seed = layout.members.find((member) => isSamePlace(member, layout.seed));
  const overrides = cr.spec.member.overrides ?? [];
  return done({
    membership: {
      setName: REPLICA_SET_NAME,
      generation: cr.metadata.generation ?? 0,
      desired: layout.members.map((member) => desiredMember(member, hostOf(member), overrides)),
      observation,
      seedHost: seed === undefined ? '' : hostOf(seed),
      existed,
      usersReady: existed && (await haveUsers(observation, await readCredentials(context, cr))),
    },
    members: scope === 'members' ? members.map((member) => ({ ...member, restart: false })) : members,
    shares: placement?.shares,
    mustDispatch,
    ...(scope === 'members'
      ? {}
      : {
          upgrade: {
            wanted: imageRelease(references.image),
            soaking: readSoak(cr)?.release,
            soakSeconds: cr.spec.operations.soakSeconds,
            whole: scope === 'whole',
          },
        }),
    rotation: rotation?.facts,
    rebuild,
    settings,
  });
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
  const wish = describeCarried(cr, digestCarried(references));
  if (!answers(cr.metadata.annotations[ANNOTATIONS.appliedSpec], wish)) return true;
  const wanted = overrideRules(layout).map((rule) => `${rule.cluster} ${revisionOf(rule)}`);
  const present = layout.dispatched.map((share) => `${share.cluster} ${share.revision ?? ''}`);
  return JSON.stringify(wanted.sort()) !== JSON.stringify(present.sort());
}

/** The templates that are to be sent would change pods: before they are sent nobody can report it. */
function willReplacePods(cr: MultiCloudMongoDB, references: References): boolean {
  const applied = cr.metadata.annotations[ANNOTATIONS.appliedPods];
  return applied !== undefined && replacesPods(applied, digestPodParts(cr, references));
}

function listMembers(
  layout: Layout,
  reports: ReadonlyMap<string, ClusterReport>,
  replace: { readonly all: boolean; readonly stale: ReadonlyMap<string, string> },
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
      restart:
        isDispatched(member) && (replace.all || isPending(member) || replace.stale.has(hostOf(member))),
      replaces: replace.stale.get(hostOf(member)),
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
