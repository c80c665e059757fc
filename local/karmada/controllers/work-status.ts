import type { Hub } from '../hub';
import { isConditionTrue } from '../domain/conditions';
import { ANNOTATIONS } from '../domain/marks';
import { clusterOfNamespace, executionNamespaceOf, workNameOf } from '../domain/names';
import { messageOf } from '../kube/connection';
import { cloneJson, stringAt, valueAt, type Json, type JsonObject } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { updateStatus } from '../kube/writer';
import type { Members } from '../members';
import { isDispatchSuspended, manifestsOf, targetOf, writeApplied } from './execution';
import { bringInLine, createInMember, type VersionRecord } from './member-writing';

interface MemberKey {
  readonly cluster: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

const encode = (cluster: string, object: KubeObject): string =>
  [cluster, object.apiVersion, object.kind, object.namespace, object.name].join('|');

function decode(text: string): MemberKey {
  const [cluster = '', apiVersion = '', kind = '', namespace = '', name = ''] = text.split('|');
  return { cluster, apiVersion, kind, namespace, name };
}

/** Watches what Works put into members: drift is repaired, the deleted is made again, statuses flow up (facts 40, 42). */
export function startWorkStatus(hub: Hub, members: Members, versions: VersionRecord): void {
  const objects = hub.queue('member-object', 5, (key) => syncObject(hub, members, versions, decode(key)));
  members.subscribe((member) => {
    const add = (object: KubeObject): void => {
      // The annotation, not the label: an object that lost the label is still looked at, and let go (fact 41).
      if (object.annotations[ANNOTATIONS.workNamespace] === executionNamespaceOf(member)) {
        objects.add(encode(member, object));
      }
    };
    return { onAdd: add, onUpdate: (_before, object) => add(object), onDelete: add };
  });

  const watches = hub.queue('member-watch', 2, (key) => watchKinds(hub, members, versions, key));
  const add = (work: KubeObject): void => watches.add(keyOf(work.namespace, work.name));
  hub.works.subscribe({ onAdd: add });
  members.onConnect((member) => {
    for (const work of hub.works.list()) if (work.namespace === executionNamespaceOf(member)) add(work);
  });
}

async function watchKinds(hub: Hub, members: Members, versions: VersionRecord, key: string): Promise<void> {
  const work = hub.works.get(key);
  const cluster = work === undefined ? undefined : hub.clusters.get(clusterOfNamespace(work.namespace) ?? '');
  if (work === undefined || cluster === undefined) return;
  if (!isConditionTrue(cluster.raw, 'Ready')) throw new Error(`cluster(${cluster.name}) not ready`);
  for (const manifest of manifestsOf(work)) {
    const { member, resource } = await targetOf(hub, members, versions, cluster, manifest);
    member.watch(resource);
  }
}

async function syncObject(
  hub: Hub,
  members: Members,
  versions: VersionRecord,
  key: MemberKey,
): Promise<void> {
  const cluster = hub.clusters.get(key.cluster);
  const resource = hub.templates.resourceOf(key.apiVersion, key.kind);
  if (cluster === undefined || resource === undefined) return;
  const member = await members.get(cluster);
  const observed = member.watch(resource).get(keyOf(key.namespace, key.name));
  if (observed === undefined) {
    await makeAgain(hub, members, versions, key, cluster);
    return;
  }
  const workKey = keyOf(
    observed.annotations[ANNOTATIONS.workNamespace] ?? '',
    observed.annotations[ANNOTATIONS.workName] ?? '',
  );
  const work = hub.works.get(workKey);
  if (work === undefined || work.deleting) return;
  const manifest = manifestsOf(work).find((entry) => isOf(entry, key));
  if (manifest === undefined) return;
  if (!isDispatchSuspended(work) && !versions.isOurs(key.cluster, observed)) {
    await bringInLine(await targetOf(hub, members, versions, cluster, manifest), observed);
  }
  await reflect(hub, work, observed);
}

const isOf = (manifest: JsonObject, key: MemberKey): boolean =>
  stringAt(manifest, 'apiVersion') === key.apiVersion &&
  stringAt(manifest, 'kind') === key.kind &&
  (stringAt(manifest, 'metadata', 'namespace') ?? '') === key.namespace &&
  stringAt(manifest, 'metadata', 'name') === key.name;

async function makeAgain(
  hub: Hub,
  members: Members,
  versions: VersionRecord,
  key: MemberKey,
  cluster: KubeObject,
): Promise<void> {
  const name = workNameOf(key.kind, key.name, key.namespace);
  const work = hub.works.get(keyOf(executionNamespaceOf(key.cluster), name));
  if (work === undefined || work.deleting || isDispatchSuspended(work)) return;
  const manifest = manifestsOf(work).find((entry) => isOf(entry, key));
  if (manifest === undefined) return;
  try {
    await createInMember(await targetOf(hub, members, versions, cluster, manifest));
  } catch (error) {
    await writeApplied(hub, work, {
      type: 'Applied',
      status: 'False',
      reason: 'ReCreateFailed',
      message: messageOf(error),
    });
    hub.events.warn(
      work,
      'SyncFailed',
      `Failed to create or update resource(${key.namespace}/${key.name}) in member cluster(${key.cluster}): ${messageOf(error)}`,
    );
    throw error;
  }
  await writeApplied(hub, work, {
    type: 'Applied',
    status: 'True',
    reason: 'ReCreateSuccessful',
    message: 'Manifest has been successfully applied',
  });
}

async function reflect(hub: Hub, work: KubeObject, observed: KubeObject): Promise<void> {
  const [group, version] = observed.apiVersion.includes('/')
    ? [
        observed.apiVersion.slice(0, observed.apiVersion.indexOf('/')),
        observed.apiVersion.slice(observed.apiVersion.indexOf('/') + 1),
      ]
    : ['', observed.apiVersion];
  const identifier: JsonObject = {
    ordinal: 0,
    ...(group === '' ? {} : { group }),
    version,
    kind: observed.kind,
    resource: '',
    ...(observed.namespace === '' ? {} : { namespace: observed.namespace }),
    name: observed.name,
  };
  const status = statusOf(observed);
  await updateStatus(hub.connection, RESOURCES.work, work, (after) => {
    after['manifestStatuses'] = [
      { identifier, ...(status === undefined ? {} : { status: cloneJson(status) }), health: 'Healthy' },
    ];
  });
}

/** Whole, but a Service tells only of its load balancer. */
function statusOf(observed: KubeObject): Json | undefined {
  const status = valueAt(observed.raw, 'status');
  if (observed.apiVersion === 'v1' && observed.kind === 'Service') {
    return stringAt(observed.raw, 'spec', 'type') === 'LoadBalancer' ? status : undefined;
  }
  return status;
}
