import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { isReady, listClusters } from '../../src/karmada/cluster';
import { sleep } from '../stack/command';
import { isCarriedOut, type ChangedLife } from './change-act';
import type { ChaosStack } from './chaos-stack';
import { deleteClaims, entityOf, readSubject } from './subject';

/** Gives a name to the plan that waits for one, as a person does who has read it. */
export async function approvePlan(stack: ChaosStack, life: ChangedLife): Promise<void> {
  const status = (await readSubject(stack, life.subject).catch(() => undefined))?.status;
  const hash = /^.*"approve" \{"hash":"(\w+)"/.exec(status?.operation?.waitingFor ?? '')?.[1];
  if (hash === undefined) return;
  // Another plan may have taken its place, which waits for a word of its own.
  await sendUpdate(stack, life, 'approve', { hash, by: 'chaos', why: 'read it' }).catch(() => undefined);
}

/** What still speaks against the loss of all clusters but one: until nothing does a request is refused (S20). */
export async function findPresence(
  { karmada }: ChaosStack,
  status: MultiCloudMongoDB['status'],
): Promise<string | undefined> {
  const ready = (await listClusters(karmada)).filter(isReady);
  if (ready.length !== 1) return `${ready.length} clusters are Ready`;
  return status?.state === 'UnHealth' ? undefined : (status?.state ?? 'no status');
}

/**
 * Gives members to a cluster again that a recovery of the majority has left out, by the runbook: what only it held is given
 * up, its claims are deleted, and a failback is asked for. Called again and again.
 * @param count failbacks that the life has had when this one is carried out
 * @returns what is still missing; undefined: nothing
 */
export async function restoreCluster(
  stack: ChaosStack,
  life: ChangedLife,
  cluster: string,
  count: number,
): Promise<string | undefined> {
  const status = (await readSubject(stack, life.subject))?.status;
  if (isCarriedOut(life, status, 'failbackInstance', count)) return undefined;
  if (status?.operation === undefined) {
    await deleteClaims(stack, life.subject, life.uid, [cluster]);
    await sendUpdate(stack, life, 'failback', { cluster, by: 'chaos' });
    await sleep(3_000);
  }
  return status?.operation?.waitingFor ?? status?.operations?.[0]?.message ?? 'not yet';
}

export const sendUpdate = (
  stack: ChaosStack,
  { subject, uid }: ChangedLife,
  update: string,
  request: Readonly<Record<string, string>>,
): Promise<unknown> => entityOf(stack, subject, uid).executeUpdate(update, { args: [request] });
