import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError, isFedStateError } from '../domain/errors';
import { podName } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { MemberPlace } from '../domain/placement';
import { readBinding, reportsOf } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { judgeRestart } from '../planner/judge-restart';
import { awaitReport, tellCluster } from './cluster-order';
import type { ActivityContext } from './context';
import { observeSet } from './observed-set';

const POLL_MS = 500;
const POD_PATIENCE_MS = 240_000;
const STUCK_PATIENCE_MS = 45_000;
const SYNC_PATIENCE_MS = 240_000;
// A heartbeat is sent every 2 s; who is cut off from it for longer has no say.
const SIGHT_PATIENCE_MS = 15_000;

type Place = MemberPlace & { readonly host: string; readonly replaces?: string | undefined };

/**
 * One member takes the present template (S2: the one token): its cluster may write it, its pod goes, it comes back and
 * serves. A member that has it already is only waited for.
 */
export async function restartMember(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  place: Place,
): Promise<StageResult<string>> {
  const set = await observeSet(context, cr);
  if (set === undefined)
    return waitFor({
      code: 'ReplicaSet',
      message: 'No primary that a majority follows: nothing is restarted.',
    });
  const present = await readPod(context, cr, place);
  if (present?.pending !== false || isReplaced(place, present)) {
    const fault = judgeRestart(set.state, place);
    // An election since the plan was made may have made it primary: it must step down first.
    if (fault?.rule === 'S11') throw new FedStateError('Superseded', fault.message);
    if (fault !== undefined) {
      return waitFor({
        code: 'MembersUnreachable',
        message: `${place.cluster}/${place.ordinal} is not restarted (${fault.rule}): ${fault.message}`,
      });
    }
    const revision = await tellCluster(context, cr, place.cluster, { rollout: place });
    if (revision === undefined)
      throw new FedStateError('Superseded', `Cluster ${place.cluster} holds no member any more.`);
    const told = await awaitReport(context, cr, place.cluster, revision, () => undefined);
    if (!told.done) return told;
  }
  const replaced = await awaitPod(context, cr, place);
  return replaced.done ? awaitServing(context, cr, place) : replaced;
}

export interface SeenPod {
  readonly uid: string | undefined;
  readonly pending: boolean;
  readonly ready: boolean;
  readonly reason: string;
}

/** It has the present template, and is not to stay. */
const isReplaced = ({ replaces }: Place, pod: SeenPod): boolean =>
  replaces !== undefined && pod.uid === replaces;

export async function readPod(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { cluster, ordinal }: MemberPlace,
): Promise<SeenPod | undefined> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const member = reportsOf(binding)
    .get(cluster)
    ?.status?.members?.find((one) => one.ordinal === ordinal);
  return member === undefined
    ? undefined
    : {
        uid: member.podUid,
        pending: member.pendingTemplate === true,
        ready: member.ready,
        reason: member.reason ?? member.phase ?? 'no pod yet',
      };
}

/** Deletes the pod as long as it is of an older template, and waits for one that is ready and of the present one. */
async function awaitPod(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  place: Place,
): Promise<StageResult<string>> {
  const who = `${place.cluster}/${place.ordinal}`;
  const deadline = Date.now() + POD_PATIENCE_MS;
  const deleted = new Set<string>();
  let stuckAt: number | undefined;
  for (;;) {
    const pod = await readPod(context, cr, place);
    const outdated = pod !== undefined && (pod.pending || isReplaced(place, pod));
    stuckAt = pod !== undefined && !outdated && isStuck(pod.reason) ? (stuckAt ?? Date.now()) : undefined;
    if (pod !== undefined && !outdated && pod.ready) return done(`${who} runs`);
    if (outdated && pod.uid !== undefined && !deleted.has(pod.uid)) {
      await deletePod(context, cr, place, pod.uid);
      deleted.add(pod.uid);
    }
    const lacking = `${who}: ${pod?.reason ?? 'not reported'}`;
    heartbeat(lacking);
    if (Date.now() > Math.min(deadline, (stuckAt ?? Infinity) + STUCK_PATIENCE_MS))
      return waitFor({ code: 'MembersNotReady', message: lacking });
    await sleep(POLL_MS);
  }
}

/** Whether a person must mend something before this pod can run: no use in being patient before they are told. */
export const isStuck = (reason: string): boolean =>
  /^(Unschedulable|ErrImage|ImagePullBackOff|InvalidImageName|CreateContainer|CrashLoopBackOff)/.test(reason);

export async function deletePod(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { cluster, ordinal }: MemberPlace,
  uid: string,
): Promise<void> {
  const kube = await context.members.kubeOf(cluster);
  const ref = { kind: KINDS.pod, namespace: namespaceOf(cr), name: podName(cr.metadata.name, ordinal) };
  try {
    await kube.delete(ref, { uid });
  } catch (error) {
    // Gone, or another one by now: the next report tells.
    if (!isFedStateError(error, 'NotFound') && !isFedStateError(error, 'Conflict')) throw error;
  }
}

/**
 * The others must see it serve, and it must have caught up, before the next may go (S2, S9). For a while all of them: the
 * next step may make any of them primary, and it would begin with two voters that it does not see.
 */
async function awaitServing(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  place: Place,
): Promise<StageResult<string>> {
  const who = `${place.cluster}/${place.ordinal}`;
  const deadline = Date.now() + SYNC_PATIENCE_MS;
  let servesSince: number | undefined;
  for (;;) {
    const set = await observeSet(context, cr);
    const lacking = set === undefined ? 'no primary that a majority follows' : set.lackOf(place.host);
    servesSince = lacking === undefined ? (servesSince ?? Date.now()) : undefined;
    const blind = set?.blindTo(place.host) ?? [];
    if (servesSince !== undefined && (blind.length === 0 || Date.now() > servesSince + SIGHT_PATIENCE_MS))
      return done(`${who} restarted and serves`);
    heartbeat(lacking ?? `${place.host} is not seen by ${blind.join(', ')}`);
    if (Date.now() > deadline)
      return waitFor({ code: 'MembersNotReady', message: `${who}: ${lacking ?? ''}` });
    await sleep(POLL_MS);
  }
}
