import { WorkflowFailedError } from '@temporalio/client';
import { KINDS } from '../../src/kube/object';
import { TASK_QUEUE } from '../../src/domain/task-queues';
import { messageOf } from '../stack/stack-error';
import { awaitClusters } from './chaos-stack';
import { isCarriedOut, type ChangedLife } from './change-act';
import { listLabelled } from './inventory';
import { approvePlan, findPresence, restoreCluster } from './majority-recovery';
import type { Ordeal, Scenario } from './scenario';

const LOSS_SECONDS = 300;
/** Without a name nothing is forced, however long it takes: long enough for many looks. */
const UNNAMED_SECONDS = 60;
const OPERATION_SECONDS = 420;
/** From the moment when Karmada could reach them. */
const RETIRED_SECONDS = 300;
const RESTORED_SECONDS = 600;

/** The worst case: S4, and what returns out of sight of the one that went on (S28). */
export const majorityLost: Scenario = {
  name: 'majority-lost',
  says: 'the clusters of both secondaries cut off; the third goes on by a name; the two return, and see each other but not the third',
  expected:
    'nothing is forced without a name (S4); with one it is writable; who returns is told to go; failback by the runbook',
  failovers: [1, 1],
  live: async (ordeal) => {
    const { cluster: survivor } = await ordeal.primary();
    const gone = ordeal.kit.known.sites.filter((site) => site !== survivor);
    const life = await readLife(ordeal);
    await ordeal.strike(...gone.map((site) => ({ verb: 'cut', site }) as const));
    await awaitLoss(ordeal);
    await askForRecovery(ordeal);
    await holdUnnamed(ordeal, survivor);
    await recover(ordeal, life);
    await returnApart(ordeal, survivor, gone);
    for (const [index, cluster] of gone.entries())
      await ordeal.until(`failback to ${cluster}`, RESTORED_SECONDS, () =>
        restoreCluster(ordeal.stack, life, cluster, index + 1),
      );
  },
};

async function readLife(ordeal: Ordeal): Promise<ChangedLife> {
  const { status } = await ordeal.read();
  const { subject, uid } = ordeal;
  return { subject, uid, known: new Set((status?.operations ?? []).map(({ workflowId }) => workflowId)) };
}

async function awaitLoss(ordeal: Ordeal): Promise<void> {
  await ordeal.until('every view to miss them', LOSS_SECONDS, async () => {
    const { status } = await ordeal.read();
    if (status?.operation !== undefined) ordeal.object(`without a word in hand: ${status.operation.kind}`);
    return findPresence(ordeal.stack, status);
  });
}

/** By the door that `temporal workflow start` opens: it ends with the plan that waits for a name, or with why there is none. */
async function askForRecovery(ordeal: Ordeal): Promise<void> {
  const { stack, subject } = ordeal;
  await ordeal.until('a plan that waits for a name', OPERATION_SECONDS, async () => {
    try {
      await stack.temporal.workflow.execute('recoverMajority', {
        workflowId: `recover-${subject.name}-${Date.now()}`,
        taskQueue: TASK_QUEUE,
        args: [{ ...subject, by: 'chaos', why: 'two are gone' }],
      });
      return undefined;
    } catch (error) {
      return error instanceof WorkflowFailedError ? messageOf(error.cause) : messageOf(error);
    }
  });
}

async function holdUnnamed(ordeal: Ordeal, survivor: string): Promise<void> {
  const findOther = async (): Promise<string | undefined> => {
    const { status } = await ordeal.read();
    return status?.operation?.waitReason === 'ApprovalNeeded'
      ? undefined
      : `${status?.operation?.step ?? 'nothing'} in hand before a name was given`;
  };
  await ordeal.until('the status to show the plan', 60, findOther);
  const before = ordeal.acknowledged();
  const end = ordeal.elapsed() + UNNAMED_SECONDS;
  while (ordeal.elapsed() < end) {
    await ordeal.wait(5);
    const other = await findOther();
    if (other !== undefined) ordeal.object(other);
  }
  if (ordeal.acknowledged() !== before) ordeal.object(`${survivor} took writes before a name was given`);
}

async function recover(ordeal: Ordeal, life: ChangedLife): Promise<void> {
  const before = ordeal.acknowledged();
  await ordeal.until('the recovery and the failover after it', OPERATION_SECONDS, async () => {
    await approvePlan(ordeal.stack, life);
    const { status } = await ordeal.read();
    const isOver =
      isCarriedOut(life, status, 'recoverInstance') &&
      isCarriedOut(life, status, 'failoverInstance') &&
      status?.operation === undefined;
    if (isOver && ordeal.acknowledged() > before) return undefined;
    return `${status?.operation?.step ?? status?.operations?.[0]?.message ?? 'nothing'}: ${status?.operation?.waitingFor ?? ''}`;
  });
  ordeal.note(`served by the third again after ${Math.round(ordeal.elapsed())} s`);
}

/** A majority of the old configuration, which cannot hear of the new one: only Karmada can tell them. */
async function returnApart(ordeal: Ordeal, survivor: string, gone: readonly string[]): Promise<void> {
  await ordeal.strike(...gone.map((one) => ({ verb: 'part', one, other: survivor }) as const));
  const since = ordeal.elapsed();
  for (const site of gone) await ordeal.heal({ verb: 'cut', site });
  await ordeal.until('who returned to be retired', RETIRED_SECONDS, async () => {
    const kubes = gone.flatMap((site) => ordeal.stack.members.get(site) ?? []);
    const pods = await Promise.all(kubes.map((kube) => listLabelled(kube, KINDS.pod, ordeal.subject)));
    return pods.flat().length === 0 ? undefined : `${pods.flat().length} pods are left`;
  });
  ordeal.note(`who returned was retired after ${Math.round(ordeal.elapsed() - since)} s`);
  await ordeal.heal();
  await awaitClusters(ordeal.stack, ordeal.signal);
}
