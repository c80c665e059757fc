import type { Hub } from '../hub';
import { isConditionTrue, withCondition, type Condition } from '../domain/conditions';
import { ANNOTATIONS, FINALIZERS } from '../domain/marks';
import { clusterOfNamespace } from '../domain/names';
import { messageOf } from '../kube/connection';
import { isObject, listAt, setAt, stringAt, valueAt, type JsonObject } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { updateObject, updateStatus } from '../kube/writer';
import type { Members } from '../members';
import {
  applyToMember,
  deleteInMember,
  releaseInMember,
  type Target,
  type VersionRecord,
} from './member-writing';

/** As many as Karmada has: hanging calls to a lost cluster hold them, and healthy clusters wait (fact 49). */
const WORKERS = 5;

export const isDispatchSuspended = (work: KubeObject): boolean =>
  valueAt(work.raw, 'spec', 'suspendDispatching') === true;

export const manifestsOf = (work: KubeObject): JsonObject[] =>
  listAt(work.raw, 'spec', 'workload', 'manifests').filter(isObject);

/** Works become objects in members; a Work that goes takes its object along or releases it. */
export function startExecution(hub: Hub, members: Members, versions: VersionRecord): void {
  const queue = hub.queue('work', WORKERS, (key) => syncWork(hub, members, versions, key));
  const add = (work: KubeObject): void => queue.add(keyOf(work.namespace, work.name));
  hub.works.subscribe({
    onAdd: add,
    onUpdate(before, work) {
      if (before.generation !== work.generation || before.deleting !== work.deleting) add(work);
    },
  });
}

async function syncWork(hub: Hub, members: Members, versions: VersionRecord, key: string): Promise<void> {
  const work = hub.works.get(key);
  const name = work === undefined ? undefined : clusterOfNamespace(work.namespace);
  if (work === undefined || name === undefined) return;
  const cluster = hub.clusters.get(name);
  if (cluster === undefined) throw new Error(`clusters.cluster.karmada.io "${name}" not found`);
  if (work.deleting) {
    await finishWork(hub, members, versions, work, cluster);
    return;
  }
  const suspended = isDispatchSuspended(work);
  const current = await writeDispatching(hub, work, suspended);
  if (suspended || current === undefined) return;
  if (!isConditionTrue(cluster.raw, 'Ready')) throw new Error(`cluster(${name}) not ready`);

  const manifests = manifestsOf(work);
  const failures: string[] = [];
  for (const manifest of manifests) {
    try {
      await applyToMember(await targetOf(hub, members, versions, cluster, manifest));
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  const failed = failures.length > 0;
  await writeApplied(hub, current, {
    type: 'Applied',
    status: failed ? 'False' : 'True',
    reason: failed ? 'AppliedFailed' : 'AppliedSuccessful',
    message: failed
      ? `Failed to apply all manifests (${manifests.length - failures.length}/${manifests.length}): ${failures.join(', ')}`
      : 'Manifest has been successfully applied',
  });
  if (!failed) return;
  hub.events.warn(
    work,
    'SyncFailed',
    `Failed to sync work(${work.namespace}/${work.name}) to cluster(${name}), err: ${failures.join(', ')}`,
  );
  throw new Error(failures.join(', '));
}

/** @throws Error as long as a kind is unknown to the control plane, or the Secret of the cluster is missing */
export async function targetOf(
  hub: Hub,
  members: Members,
  versions: VersionRecord,
  cluster: KubeObject,
  manifest: JsonObject,
): Promise<Target> {
  const apiVersion = stringAt(manifest, 'apiVersion') ?? '';
  const kind = stringAt(manifest, 'kind') ?? '';
  const resource = hub.templates.resourceOf(apiVersion, kind);
  if (resource === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
  return {
    member: await members.get(cluster),
    resource,
    manifest,
    namespace: stringAt(manifest, 'metadata', 'namespace') ?? '',
    name: stringAt(manifest, 'metadata', 'name') ?? '',
    versions,
  };
}

/** Suspension does not stop it (fact 56); a cluster that is lost for good is not waited for when nothing is preserved (fact 66). */
async function finishWork(
  hub: Hub,
  members: Members,
  versions: VersionRecord,
  work: KubeObject,
  cluster: KubeObject,
): Promise<void> {
  if (!work.finalizers.includes(FINALIZERS.work)) return;
  const preserve = valueAt(work.raw, 'spec', 'preserveResourcesOnDeletion') === true;
  const ready = isConditionTrue(cluster.raw, 'Ready');
  if (mustWait(hub, work, cluster)) throw new Error('the namespace goes after what is in it');
  if (!preserve && !ready && !cluster.deleting) throw new Error(`cluster(${cluster.name}) not ready`);
  if (preserve || ready) {
    for (const manifest of manifestsOf(work)) {
      const target = await targetOf(hub, members, versions, cluster, manifest);
      await (preserve ? releaseInMember(target) : deleteInMember(target));
    }
  }
  await updateObject(hub.connection, RESOURCES.work, work, (raw) => {
    const rest = listAt(raw, 'metadata', 'finalizers').filter((entry) => entry !== FINALIZERS.work);
    setAt(raw, rest, 'metadata', 'finalizers');
  });
}

const NAMESPACE_LAST_MS = 7_000;

/**
 * A real Karmada reaches the namespaces of a cluster that is unregistered some 7 s after everything else (15-a); at once, objects that
 * are to be released would die with them.
 */
function mustWait(hub: Hub, work: KubeObject, cluster: KubeObject): boolean {
  if (
    !cluster.deleting ||
    !manifestsOf(work).some((manifest) => stringAt(manifest, 'kind') === 'Namespace')
  ) {
    return false;
  }
  const since = Date.parse(stringAt(work.raw, 'metadata', 'deletionTimestamp') ?? '');
  const others = hub.works
    .list()
    .some(
      (other) =>
        other.namespace === work.namespace && other.annotations[ANNOTATIONS.bindingName] !== undefined,
    );
  return others && Date.now() - since < NAMESPACE_LAST_MS;
}

function writeDispatching(hub: Hub, work: KubeObject, suspended: boolean): Promise<KubeObject | undefined> {
  return writeApplied(hub, work, {
    type: 'Dispatching',
    status: suspended ? 'False' : 'True',
    reason: suspended ? 'SuspendDispatching' : 'Dispatching',
    message: suspended
      ? 'Work dispatching is in a suspended state.'
      : 'Work is being dispatched to member clusters.',
  });
}

/** @throws ApiError */
export function writeApplied(
  hub: Hub,
  work: KubeObject,
  condition: Condition,
): Promise<KubeObject | undefined> {
  return updateStatus(hub.connection, RESOURCES.work, work, (status) => {
    status['conditions'] = withCondition(listAt(status, 'conditions'), condition);
  });
}
