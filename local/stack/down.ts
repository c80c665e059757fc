import { rm } from 'node:fs/promises';
import { endStrays, removeCgroups, removeContainers, removeMounts } from './containers';
import { socketAnswers } from './cluster';
import { withLock } from './file-lock';
import type { StackLayout } from './layout';
import { removeNetwork } from './network';
import { endProcess } from './process-identity';
import { STAGE } from './process-spec';
import { findStack, lockFileOf, unregisterStack } from './stack-registry';
import { connectSupervisor, endSupervisor, findSupervisor, readProcessTable } from './supervisor-client';

/** Takes a stack down. No process, container, namespace, mount, cable or rule of it is left; its data stays. */
export async function takeDown(base: string, name: string): Promise<boolean> {
  const layout = findStack(base, name);
  if (layout === undefined) return false;
  await withLock(lockFileOf(base, name), 120_000, () => stopAll(layout));
  return true;
}

/** Down, and all data of the stack removed. */
export async function resetStack(base: string, name: string): Promise<boolean> {
  const layout = findStack(base, name);
  if (layout === undefined) return false;
  await withLock(lockFileOf(base, name), 120_000, async () => {
    await stopAll(layout);
    await rm(layout.root, { recursive: true, force: true });
    await unregisterStack(base, name);
  });
  return true;
}

async function stopAll(layout: StackLayout): Promise<void> {
  await stopStages(layout, STAGE.node);
  await Promise.all(
    layout.members
      .flatMap((member) => member.nodes)
      .map(async (node) => {
        if (await socketAnswers(node.containerdSocket)) await removeContainers(node).catch(() => undefined);
      }),
  );
  await stopStages(layout, STAGE.store);
  await endSupervisor(layout);
  await endStrays(layout);
  await removeMounts(layout);
  await removeCgroups(layout);
  await removeNetwork(layout);
}

/** Stops the processes of this stage and all above it, highest first; also those that no supervisor watches any more. */
async function stopStages(layout: StackLayout, lowest: number): Promise<void> {
  const supervised = findSupervisor(layout) !== undefined;
  const supervisor = connectSupervisor(layout);
  const records = readProcessTable(layout).filter((record) => record.spec.stage >= lowest);
  const stages = [...new Set(records.map((record) => record.spec.stage))].sort((one, other) => other - one);
  for (const stage of stages) {
    await Promise.all(
      records
        .filter((record) => record.spec.stage === stage)
        .map(async ({ spec, pid, startTicks }) => {
          if (supervised) await supervisor.remove(spec.name);
          else if (pid !== undefined && startTicks !== undefined) {
            await endProcess({ pid, startTicks }, spec.graceSeconds * 1000);
          }
        }),
    );
  }
}
