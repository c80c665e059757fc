import type { Hub } from '../hub';
import { findCondition, withCondition, type Condition } from '../domain/conditions';
import { FINALIZERS } from '../domain/marks';
import { createReadiness, type Readiness } from '../domain/readiness';
import { summarizeNodes, summarizeResources } from '../domain/resource-summary';
import { messageOf } from '../kube/connection';
import { createDiscovery, type ApiCatalog, type Discovery } from '../kube/discovery';
import { listAt, parseJson, stringAt, type Json, type JsonObject } from '../kube/json';
import { apiVersionOf, RESOURCES, type KubeObject } from '../kube/object';
import { updateStatus } from '../kube/writer';
import type { Member, Members } from '../members';

/** A probe into a black hole lasts this long: with it Ready=False comes 45–60 s after the cut, like the real one (fact 45). */
const PROBE_TIMEOUT_MS = 20_000;

interface Watched {
  readonly readiness: Readiness;
  discovery: Discovery | undefined;
  member: Member | undefined;
  lost: boolean;
  timer: NodeJS.Timeout | undefined;
  busy: boolean;
}

/** Asks every member for its health once per period and writes what changed into the Cluster's status. */
export function startClusterStatus(hub: Hub, members: Members): void {
  const watched = new Map<string, Watched>();
  let running = true;

  const round = async (name: string): Promise<void> => {
    const state = watched.get(name);
    const cluster = hub.clusters.get(name);
    if (state === undefined || state.busy || cluster === undefined) return;
    state.busy = true;
    clearTimeout(state.timer);
    try {
      if (cluster.finalizers.includes(FINALIZERS.cluster)) await observe(hub, members, state, cluster);
    } catch (error) {
      hub.log.debug({ cluster: name, error: messageOf(error) }, 'status not written');
    }
    state.busy = false;
    if (isRunning() && watched.get(name) === state) {
      state.timer = setTimeout(() => void round(name), hub.timing.clusterStatusPeriodMs);
    }
  };
  const isRunning = (): boolean => running;

  hub.clusters.subscribe({
    onAdd(cluster) {
      watched.set(cluster.name, {
        readiness: createReadiness(hub.timing.failureThresholdMs, hub.timing.successThresholdMs),
        discovery: undefined,
        member: undefined,
        lost: false,
        timer: undefined,
        busy: false,
      });
      void round(cluster.name);
    },
    onUpdate(before, cluster) {
      // The finalizer that is waited for, or a new spec.
      const gained = before.finalizers.length !== cluster.finalizers.length;
      if (gained || before.generation !== cluster.generation) void round(cluster.name);
    },
    onDelete(cluster) {
      clearTimeout(watched.get(cluster.name)?.timer);
      watched.delete(cluster.name);
      members.drop(cluster.name);
    },
  });
  hub.onStop(() => {
    running = false;
    for (const state of watched.values()) clearTimeout(state.timer);
  });
}

async function observe(hub: Hub, members: Members, state: Watched, cluster: KubeObject): Promise<void> {
  const seen = await probe(members, state, cluster);
  const before = findCondition(cluster.raw, 'Ready');
  const shown = state.readiness.judge(stringAt(before, 'status'), seen.status === 'True', Date.now());
  const ready: Condition = shown === 'observed' ? seen : asCondition(before, seen);
  const isUp = seen.status === 'True' && ready.status === 'True' && state.member !== undefined;
  const facts = isUp ? await collect(state, cluster) : {};
  await updateStatus(hub.connection, RESOURCES.cluster, cluster, (status) => {
    Object.assign(status, facts);
    let conditions = listAt(status, 'conditions').slice();
    if (isUp) {
      conditions = withCondition(conditions, {
        type: 'CompleteAPIEnablements',
        status: 'True',
        reason: 'Complete',
        message: 'collected complete APIEnablements from the cluster',
      });
    }
    status['conditions'] = withCondition(conditions, ready);
  });
}

function asCondition(before: Json | undefined, seen: Condition): Condition {
  const status = stringAt(before, 'status');
  return {
    type: 'Ready',
    status: status === 'True' || status === 'False' || status === 'Unknown' ? status : seen.status,
    reason: stringAt(before, 'reason') ?? seen.reason,
    message: stringAt(before, 'message') ?? seen.message,
  };
}

async function probe(members: Members, state: Watched, cluster: KubeObject): Promise<Condition> {
  const ready = (status: 'True' | 'False', reason: string, message: string): Condition => ({
    type: 'Ready',
    status,
    reason,
    message,
  });
  try {
    const member = await members.get(cluster);
    if (state.member !== member) {
      state.member = member;
      state.discovery = createDiscovery(member.connection);
    }
  } catch (error) {
    return ready('False', 'StatusCollectionFailed', `failed to create a ClusterClient: ${messageOf(error)}`);
  }
  try {
    const answer = await state.member.connection.fetch('/readyz', { timeoutMs: PROBE_TIMEOUT_MS });
    if (answer.code === 401) members.drop(cluster.name);
    // Sockets from before a silence may lead nowhere, and watches on them would wait for ever.
    if (state.lost) state.member.connection.reconnect();
    state.lost = false;
    return answer.code === 200
      ? ready('True', 'ClusterReady', 'cluster is healthy and ready to accept workloads')
      : ready('False', 'ClusterNotReady', 'cluster is reachable but health endpoint responded without ok');
  } catch {
    state.lost = true;
    return ready('False', 'ClusterNotReachable', 'cluster is not reachable');
  }
}

async function collect(state: Watched, cluster: KubeObject): Promise<JsonObject> {
  const { member, discovery } = state;
  if (member === undefined || discovery === undefined) return {};
  const version = parseJson((await member.connection.fetch('/version')).text);
  const nodes = member.watch(RESOURCES.node);
  const pods = member.watch(RESOURCES.pod);
  const counted =
    nodes.synced() && pods.synced()
      ? {
          nodeSummary: summarizeNodes(nodes.list()),
          resourceSummary: summarizeResources(
            nodes.list(),
            pods.list(),
            listAt(cluster.raw, 'spec', 'resourceModels'),
          ),
        }
      : {};
  return {
    kubernetesVersion: stringAt(version, 'gitVersion') ?? '',
    apiEnablements: listEnablements(await discovery.refresh()),
    ...counted,
  };
}

function listEnablements(catalog: ApiCatalog): Json[] {
  const groups = new Map<string, JsonObject[]>();
  for (const resource of catalog.resources.values()) {
    const apiVersion = apiVersionOf(resource);
    const list = groups.get(apiVersion) ?? [];
    list.push({ name: resource.plural, kind: resource.kind });
    groups.set(apiVersion, list);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([groupVersion, resources]) => ({
      groupVersion,
      resources: resources.sort((a, b) =>
        (stringAt(a, 'name') ?? '') < (stringAt(b, 'name') ?? '') ? -1 : 1,
      ),
    }));
}
