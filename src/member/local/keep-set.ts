import { messageOf } from '../../domain/errors';
import { ANNOTATIONS } from '../../domain/marks';
import { REPLICA_SET_NAME, type Ordinal } from '../../domain/names';
import type { Plan, PlanOutcome } from '../../domain/plan';
import type { ReplicaSetObservation } from '../../domain/replica-set';
import { KINDS } from '../../kube/object';
import { stepDown } from '../../mongodb/election';
import { executeStep } from '../../mongodb/execute-step';
import { observeReplicaSet } from '../../mongodb/observe';
import { planMembership } from '../../planner/plan-membership';
import { externalAddress, internalAddress, vipOf } from '../addresses';
import type { Credentials } from '../build/secret';
import type { Snapshot } from '../cluster-cache';
import type { MemberContext } from '../context';
import type { Instance } from '../instance';
import { compareOrdinals } from '../member-pods';
import { isPodReady } from '../objects';
import { memberHosts } from '../replica-probe';
import { createClientAccess } from './client-access';
import { desireMembers, LOCAL_CLUSTER } from './desired';
import type { LocalDecision, LocalRequest, LocalSet } from './local-set';
import { nextRestart } from './restart-order';

type KeeperContext = Pick<MemberContext, 'kube' | 'config' | 'writer' | 'tell' | 'logger'>;

/** One pass works on a plan for this long; the next one plans again from what is there then. */
const BUDGET_MS = 60_000;

const ANNOTATION_HIGHEST_ID = 'middleware.fedstate.io/highest-member-id';

const idle: LocalDecision = {
  waitingFor: undefined,
  refused: undefined,
  connectionString: undefined,
  removable: [],
  restarting: undefined,
};
const waitFor = (message: string): LocalDecision => ({ ...idle, waitingFor: message });
const refuse = (message: string): LocalDecision => ({ ...idle, refused: message });

/** The same planner and steps as in federated mode, without gates: one cluster, one pass at a time. */
export function createLocalSet(context: KeeperContext): LocalSet {
  const clientAccess = createClientAccess(context);

  return {
    async keep(instance, snapshot, request) {
      const hosts = hostsOf(context, instance, snapshot, request.wanted);
      const unaddressed = request.wanted.filter((ordinal) => !hosts.has(ordinal));
      if (unaddressed.length > 0)
        return waitFor(`Service of member ${unaddressed.join(', ')} has no NodePort yet.`);
      const desired = desireMembers(hosts);
      if (desired.outcome === 'refused') return refuse(desired.message);
      const running = memberHosts(snapshot);
      if (running.size === 0) return waitFor('No member runs yet.');
      const access = accessOf(request.credentials);
      const leavingHosts = [...hostsOf(context, instance, snapshot, request.leaving).values()];
      const observation = await observeReplicaSet([...hosts.values(), ...leavingHosts], access);
      const pending = new Map([...hosts].filter(([ordinal]) => request.pendingTemplates.includes(ordinal)));
      const fallen = [...pending].find(([ordinal, host]) => isDown(snapshot, observation, ordinal, host));
      // It serves nobody: the new template may be what mends it.
      if (fallen !== undefined) return { ...idle, restarting: fallen[0] };
      const seedHost = await recordSeed(context, instance, hosts);
      const outcome = planMembership({
        setName: REPLICA_SET_NAME,
        generation: instance.metadata.generation ?? 0,
        desired: desired.members,
        observation,
        seedHost,
        existed: instance.status?.connectionString !== undefined,
        usersReady: request.usersReady,
        highestMemberId: highestId(instance),
      });
      if (outcome.kind !== 'plan') return unplanned(outcome);
      if (outcome.plan.steps.length > 0)
        return carryOut(context, instance, request, outcome.plan, [...hosts.values(), ...leavingHosts]);
      const connectionString = await clientAccess.ensure(instance, hosts, observation, request.credentials);
      const settled = { ...idle, connectionString, removable: request.leaving };
      return restartNext(pending, observation, request.credentials, settled);
    },
  };
}

function unplanned(outcome: Exclude<PlanOutcome, { kind: 'plan' }>): LocalDecision {
  switch (outcome.kind) {
    case 'refusal':
      return refuse(`${outcome.rule}: ${outcome.message}`);
    case 'wait':
      return waitFor(`${outcome.reason} Waiting for ${outcome.waitingFor.join(', ')}.`);
  }
}

async function carryOut(
  context: KeeperContext,
  instance: Instance,
  request: LocalRequest,
  plan: Plan,
  hosts: readonly string[],
): Promise<LocalDecision> {
  const signal = AbortSignal.timeout(BUDGET_MS);
  const { credentials } = request;
  await request.onPlan(plan.steps.map((step) => step.kind).join(', '));
  await recordHighestId(context, instance, plan);
  for (const step of plan.steps) {
    try {
      const done = await executeStep(step, {
        hosts,
        keyfile: credentials.keyfile,
        passwords: {
          root: credentials.rootPassword,
          clusterAdmin: credentials.clusterAdminPassword,
          clusterMonitor: credentials.clusterMonitorPassword,
        },
        options: { signal },
      });
      context.logger.info({ instance: instance.name, step: step.kind, done }, 'step of the replica set done');
      context.tell(instance, 'Normal', 'ReplicaSetStep', step.kind, done);
    } catch (error) {
      // Every kind of failure ends the same way: look again, plan again.
      const why = signal.aborted ? 'still going on' : messageOf(error);
      return waitFor(`${step.kind}: ${why}`);
    }
  }
  return waitFor('The replica set was just changed and is looked at again.');
}

async function restartNext(
  pending: ReadonlyMap<Ordinal, string>,
  observation: ReplicaSetObservation,
  credentials: Credentials,
  settled: LocalDecision,
): Promise<LocalDecision> {
  const next = nextRestart(pending, observation);
  switch (next?.kind) {
    case undefined:
      return settled;
    case 'restart':
      return { ...settled, restarting: next.ordinal };
    case 'wait':
      return { ...settled, waitingFor: next.message };
    case 'stepDown':
      try {
        await stepDown(next.host, accessOf(credentials));
        return { ...settled, waitingFor: `Primary ${next.host} handed over before its restart.` };
      } catch (error) {
        return { ...settled, waitingFor: `${next.host} cannot hand over yet: ${messageOf(error)}` };
      }
  }
}

const accessOf = ({ keyfile }: Credentials) => ({ credentials: { kind: 'keyfile', key: keyfile } }) as const;

function hostsOf(
  { config }: KeeperContext,
  instance: Instance,
  snapshot: Snapshot,
  ordinals: readonly Ordinal[],
): Map<Ordinal, string> {
  const hosts = new Map<Ordinal, string>();
  for (const ordinal of [...ordinals].sort(compareOrdinals)) {
    const host =
      vipOf(instance, config) === undefined
        ? internalAddress(instance, ordinal, config)
        : externalAddress(instance, snapshot, ordinal, config);
    if (host !== undefined) hosts.set(ordinal, host);
  }
  return hosts;
}

const isDown = (
  snapshot: Snapshot,
  observation: ReplicaSetObservation,
  ordinal: Ordinal,
  host: string,
): boolean => {
  const pod = snapshot.pods.get(ordinal);
  return (
    pod !== undefined && !isPodReady(pod) && observation.unreachable.some((entry) => entry.host === host)
  );
};

/** The one member that may ever be initiated is written down before it is, so that no second set is begun elsewhere. */
async function recordSeed(
  { kube }: KeeperContext,
  { metadata, namespace, name }: Instance,
  hosts: ReadonlyMap<Ordinal, string>,
): Promise<string> {
  const recorded = metadata.annotations[ANNOTATIONS.seedMember]?.split('/')[1];
  const first = [...hosts.keys()][0];
  const ordinal = recorded === undefined ? first : Number(recorded);
  if (recorded === undefined && first !== undefined) {
    await kube.mergePatch(
      { kind: KINDS.mongoDB, namespace, name },
      {
        metadata: {
          uid: metadata.uid,
          annotations: { [ANNOTATIONS.seedMember]: `${LOCAL_CLUSTER}/${first}` },
        },
      },
    );
  }
  return (ordinal === undefined ? undefined : hosts.get(ordinal)) ?? '';
}

function highestId({ metadata }: Instance): number | undefined {
  const text = metadata.annotations[ANNOTATION_HIGHEST_ID];
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

// S5: an `_id` that was ever given is not given again, also when its member is gone from the configuration.
async function recordHighestId({ kube }: KeeperContext, instance: Instance, plan: Plan): Promise<void> {
  const given = plan.steps.flatMap((step) =>
    step.kind === 'addMember' ? step.members.map((member) => member._id) : [],
  );
  const highest = Math.max(-1, ...given);
  if (highest <= (highestId(instance) ?? -1)) return;
  await kube.mergePatch(
    { kind: KINDS.mongoDB, namespace: instance.namespace, name: instance.name },
    { metadata: { uid: instance.uid, annotations: { [ANNOTATION_HIGHEST_ID]: String(highest) } } },
  );
}
