import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { isReady, listClusters } from '../../src/karmada/cluster';
import { KINDS, objectSchema } from '../../src/kube/object';
import type { Kube } from '../../src/kube/client';
import { sleep } from '../stack/command';
import { kubeOf } from '../stack/kubeconfig';
import type { StackLayout } from '../stack/layout';
import { messageOf, StackError } from '../stack/stack-error';
import { connectSupervisor, type SupervisorClient } from '../stack/supervisor-client';
import { listManagers } from './managers';

/** A running stack as the faults and the checks reach it, always as its administrator. */
export interface ChaosStack {
  readonly layout: StackLayout;
  readonly supervisor: SupervisorClient;
  readonly karmada: Kube;
  readonly members: ReadonlyMap<string, Kube>;
  readonly temporal: Client;
  close(): Promise<void>;
}

export function openStack(layout: StackLayout): ChaosStack {
  const karmada = kubeOf(layout.karmada.kubeconfig);
  const members = new Map(layout.members.map((member) => [member.name, kubeOf(member.kubeconfig)]));
  // Lazy: Temporal may be down when the stack is opened, and is at times afterwards.
  const connection = Connection.lazy({ address: layout.temporal.address });
  return {
    layout,
    supervisor: connectSupervisor(layout),
    karmada,
    members,
    temporal: new Client({ connection }),
    close: async () => {
      for (const kube of [karmada, ...members.values()]) kube.transport.close();
      await connection.close();
    },
  };
}

/** The driver's socket, in the stack's own folder. */
export const socketOf = (layout: StackLayout): string => join(layout.runFolder, 'chaos.sock');

export type Answer<T> = { readonly answer: T } | { readonly reason: string };

/** Asks until there is an answer; an error is a reason to ask again. @throws StackError with the last reason */
export async function askUntil<T>(
  what: string,
  seconds: number,
  signal: AbortSignal,
  ask: () => Promise<Answer<T>>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    signal.throwIfAborted();
    const result = await ask().catch((error: unknown) => ({ reason: messageOf(error) }));
    if ('answer' in result) return result.answer;
    if (Date.now() > deadline) throw new StackError(`${what}: not within ${seconds} s: ${result.reason}`);
    await sleep(300);
  }
}

/** Waits until every process, API server and manager of the stack is back: a fault must not meet the one before. */
export async function awaitSettled(stack: ChaosStack, signal: AbortSignal): Promise<void> {
  await askUntil('the stack to be whole again', 120, signal, async () => {
    const down = (await stack.supervisor.list()).filter(
      (one) => one.wanted === 'running' && one.pid === undefined,
    );
    if (down.length > 0) return { reason: `${down.map((one) => one.spec.name).join(', ')} do not run` };
    await stack.temporal.connection.workflowService.getSystemInfo({});
    await stack.karmada.list(KINDS.cluster, {}, objectSchema);
    for (const [name, kube] of stack.members) {
      const pods = (await listManagers(kube)).filter((pod) => pod.metadata.deletionTimestamp === undefined);
      if (pods.length !== 1 || pods[0]?.status.containerStatuses[0]?.ready !== true)
        return { reason: `the manager of ${name} is not ready` };
    }
    return { answer: undefined };
  });
}

const READY_SECONDS = 900;

const nodeSchema = objectSchema.extend({
  spec: z.object({ taints: z.array(z.unknown()).default([]) }),
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }),
});

/** For a while after its API server was away a cluster's nodes are not ready, and tainted. */
const takesPods = ({ spec, status }: z.output<typeof nodeSchema>): boolean =>
  spec.taints.length === 0 &&
  status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');

/** A cluster that is not ready after the fault before, or whose nodes are not, would get no member. */
export async function awaitClusters({ karmada, members }: ChaosStack, signal: AbortSignal): Promise<void> {
  await askUntil('every cluster to take members', READY_SECONDS, signal, async () => {
    const away = (await listClusters(karmada)).filter((cluster) => !isReady(cluster));
    if (away.length > 0)
      return { reason: `${away.map(({ metadata }) => metadata.name).join(', ')} not ready` };
    for (const [cluster, kube] of members) {
      const { items } = await kube.list(KINDS.node, {}, nodeSchema);
      const idle = items.find((node) => !takesPods(node));
      if (idle !== undefined) return { reason: `node ${cluster}/${idle.metadata.name} is not ready` };
    }
    return { answer: true };
  });
}
