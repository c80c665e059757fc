import { z } from 'zod';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { healthWorkflowId, instanceWorkflowId } from '../../src/domain/workflow-ids';
import { claimName } from '../../src/domain/names';
import { KINDS, objectSchema } from '../../src/kube/object';
import type { ChaosStack } from './chaos-stack';
import type { Subject } from './inventory';

export const CHAOS_NAMESPACE = 'chaos';

export interface SubjectSpec {
  readonly image: string;
  readonly whenDeleted: 'Retain' | 'Delete';
  /** Data members; 3 when absent. */
  readonly members?: number | undefined;
  readonly soakSeconds?: number | undefined;
  /** `spec.failover`; absent: its defaults. */
  readonly failover?: Readonly<Record<string, unknown>> | undefined;
}

const refOf = ({ namespace, name }: Subject) => ({ kind: KINDS.multiCloudMongoDB, namespace, name });

export async function ensureNamespace({ karmada }: ChaosStack): Promise<void> {
  await karmada.apply(
    KINDS.namespace,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: CHAOS_NAMESPACE } },
    { fieldManager: 'chaos' },
  );
}

/** An instance over three clusters, as even as can be. @returns its uid */
export async function createSubject(stack: ChaosStack, subject: Subject, spec: SubjectSpec): Promise<string> {
  const made = await stack.karmada.create(KINDS.multiCloudMongoDB, {
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MultiCloudMongoDB',
    metadata: subject,
    spec: {
      replicaset: spec.members ?? 3,
      imageSetting: { image: spec.image },
      resource: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '512Mi' } },
      storage: { storageSize: '256Mi', whenDeleted: spec.whenDeleted },
      ...(spec.soakSeconds === undefined ? {} : { operations: { soakSeconds: spec.soakSeconds } }),
      ...(spec.failover === undefined ? {} : { failover: spec.failover }),
    },
  });
  return made.metadata.uid;
}

export const readSubject = (stack: ChaosStack, subject: Subject): Promise<MultiCloudMongoDB | undefined> =>
  stack.karmada.get(refOf(subject), multiCloudMongoDBSchema);

/** The workflow of the instance, which takes people's Updates. */
export const entityOf = ({ temporal }: ChaosStack, { namespace, name }: Subject, uid: string) =>
  temporal.workflow.getHandle(instanceWorkflowId(namespace, name, uid));

/** A merge patch of its custom resource. */
export const patchSubject = (stack: ChaosStack, subject: Subject, change: object): Promise<unknown> =>
  stack.karmada.mergePatch(refOf(subject), change);

export const deleteSubject = (stack: ChaosStack, subject: Subject): Promise<boolean> =>
  stack.karmada.delete(refOf(subject));

/** Also for instances that were never seen whole: what a run leaves behind must not be met by the next. */
export async function listSubjects({ karmada }: ChaosStack): Promise<Subject[]> {
  const { items } = await karmada.list(KINDS.multiCloudMongoDB, { namespace: CHAOS_NAMESPACE }, objectSchema);
  return items.map(({ metadata }) => ({ namespace: CHAOS_NAMESPACE, name: metadata.name }));
}

const connectionSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });

/** What clients are given: the URI, and each member's address. */
export async function readConnection(
  stack: ChaosStack,
  { namespace, name }: Subject,
): Promise<{ readonly uri: string; readonly hosts: readonly string[] }> {
  const ref = { kind: KINDS.secret, namespace, name: `${name}-connection` };
  const data = (await stack.karmada.get(ref, connectionSchema))?.data ?? {};
  const decode = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  return { uri: decode('connectionString'), hosts: decode('hosts').split(',') };
}

/** Workflows of the instance that run: the entity, its health watch, operations. */
export async function listRunningWorkflows(
  stack: ChaosStack,
  subject: Subject,
  uid: string,
): Promise<string[]> {
  const id = instanceWorkflowId(subject.namespace, subject.name, uid);
  const running: string[] = [];
  const query = `ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${id}'`;
  for await (const { workflowId } of stack.temporal.workflow.list({ query }))
    running.push(workflowId.slice(id.length));
  return running.sort();
}

/** Whether entity and health watch run, as of an instance that is looked after. Asked of each: visibility is late. */
export async function isLookedAfter(stack: ChaosStack, subject: Subject, uid: string): Promise<boolean> {
  const ids = [
    instanceWorkflowId(subject.namespace, subject.name, uid),
    healthWorkflowId({ ...subject, uid }),
  ];
  const states = await Promise.all(
    ids.map(async (id) => (await stack.temporal.workflow.getHandle(id).describe()).status.name),
  );
  return states.every((state) => state === 'RUNNING');
}

/** Whether the entity has nothing to do at this moment: after an operation it still looks once, and sees to the health watch. */
export async function isAtRest(stack: ChaosStack, subject: Subject, uid: string): Promise<boolean> {
  const { raw } = await entityOf(stack, subject, uid).describe();
  return (raw.pendingActivities ?? []).length === 0 && (raw.pendingWorkflowTask ?? undefined) === undefined;
}

const ledgerSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });

/** Whether room is still promised to the instance. */
export async function isRoomPromised(stack: ChaosStack, uid: string): Promise<boolean> {
  const ref = { kind: KINDS.configMap, namespace: 'fedstate-system', name: 'fedstate-room' };
  return (await stack.karmada.get(ref, ledgerSchema))?.data[uid] !== undefined;
}

/** Volumes that the instance was told to keep. */
export async function deleteClaims(
  stack: ChaosStack,
  { namespace, name }: Subject,
  uid: string,
  clusters: readonly string[] = [...stack.members.keys()],
): Promise<void> {
  const kind = KINDS.persistentVolumeClaim;
  for (const cluster of clusters)
    await stack.members.get(cluster)?.delete({ kind, namespace, name: claimName(name, uid, 0) });
}
