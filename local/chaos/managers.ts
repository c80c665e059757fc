import { z } from 'zod';
import type { Kube } from '../../src/kube/client';
import { KINDS, objectSchema } from '../../src/kube/object';
import { waitUntil } from '../stack/command';
import { findMember, type StackLayout } from '../stack/layout';
import { ctr } from '../stack/node-images';

const NAMESPACE = 'fedstate-system';

const managerSchema = objectSchema.extend({
  spec: z.looseObject({ nodeName: z.string().optional() }),
  status: z.looseObject({
    containerStatuses: z
      .array(
        z.looseObject({ ready: z.boolean(), restartCount: z.number(), containerID: z.string().optional() }),
      )
      .default([]),
  }),
});
export type Manager = z.output<typeof managerSchema>;

/** Pods of the member manager in one member cluster. */
export async function listManagers(kube: Kube): Promise<Manager[]> {
  const options = { namespace: NAMESPACE, labelSelector: 'app.kubernetes.io/component=member' };
  return (await kube.list(KINDS.pod, options, managerSchema)).items;
}

/** Takes the pods away at once: grace 0 is SIGKILL, and their successors are other pods. */
export async function deleteManagers(kube: Kube): Promise<void> {
  for (const pod of await listManagers(kube)) {
    const ref = { kind: KINDS.pod, namespace: NAMESPACE, name: pod.metadata.name };
    await kube.delete(ref, { uid: pod.metadata.uid, gracePeriodSeconds: 0 });
  }
}

/**
 * kill -9 of the manager inside its pod, which its kubelet starts again. One that is just on its way back is waited for.
 * @throws StackError when none runs for a minute
 */
export async function killManager(layout: StackLayout, member: string, kube: Kube): Promise<void> {
  // After a few kills its kubelet would let it wait for longer than any stroke does.
  await renewWornManagers(kube);
  await waitUntil(`a manager to kill in ${member}`, 60_000, async () => {
    for (const pod of await listManagers(kube)) {
      const id = pod.status.containerStatuses[0]?.containerID?.replace('containerd://', '');
      const node = findMember(layout, member)?.nodes.find(({ name }) => name === pod.spec.nodeName);
      if (id === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
      await ctr(node, ['tasks', 'kill', '-s', 'SIGKILL', id]);
      return true;
    }
    return false;
  });
}

/** A kubelet waits ever longer before it starts a container again that was killed often: a new pod begins anew. */
export async function renewWornManagers(kube: Kube): Promise<boolean> {
  const worn = (await listManagers(kube)).filter(
    (pod) => (pod.status.containerStatuses[0]?.restartCount ?? 0) > 1,
  );
  if (worn.length > 0) await deleteManagers(kube);
  return worn.length > 0;
}
