import { heartbeat, sleep } from '@temporalio/activity';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError, isFedStateError } from '../domain/errors';
import type { Wait } from '../domain/instance';
import { ANNOTATIONS } from '../domain/marks';
import { claimName } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { SurroundingStepFacts } from '../domain/plan';
import type { MemberPlace } from '../domain/placement';
import { readRebuildRequest } from '../domain/rotation';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { wipeFault, type RebuildFacts } from '../planner/plan-rebuild';
import { annotateInstance, type ActivityContext } from './context';
import { isSamePlace, type Layout } from './layout';
import { observeSet } from './observed-set';
import { deletePod, readPod } from './restart';

const POLL_MS = 500;
const PATIENCE_MS = 240_000;

const claimSchema = z.looseObject({ metadata: metadataSchema });

/** The request that is not carried out yet; undefined: there is none. */
export function openRebuild(cr: MultiCloudMongoDB): string | undefined {
  const { annotations } = cr.metadata;
  const request = annotations[ANNOTATIONS.rebuild];
  return request === annotations[ANNOTATIONS.rebuilt] ? undefined : request;
}

/** Which member is to be rebuilt, and the volume that goes. */
export async function readRebuild(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<RebuildFacts | { readonly wait: Wait } | undefined> {
  const request = openRebuild(cr);
  if (request === undefined) return undefined;
  const place = readRebuildRequest(request);
  if (place === undefined) {
    const message = `Annotation ${ANNOTATIONS.rebuild} is "${request}": write <cluster>/<ordinal>, and to ask again @<anything new> after it.`;
    return { wait: { code: 'PlanRefused', message } };
  }
  const member = layout.members.find((one) => isSamePlace(one, place));
  if (member === undefined) return { ...place, host: undefined, claim: undefined };
  try {
    const claim = await readClaim(context, cr, place);
    return {
      ...place,
      host: member.host,
      claim: readWiping(cr, request) ?? claim?.metadata.uid,
    };
  } catch (error) {
    if (!isFedStateError(error, 'Unreachable')) throw error;
    const message = `${place.cluster} cannot be asked for the volume of ${request}: ${error.message}`;
    return { wait: { code: 'ClusterUnreachable', message } };
  }
}

/** Uid of the claim that this request wipes, once it was decided. */
function readWiping(cr: MultiCloudMongoDB, request: string): string | undefined {
  const [uid, ...rest] = (cr.metadata.annotations[ANNOTATIONS.wiping] ?? '').split(' ');
  return rest.join(' ') === request ? uid : undefined;
}

async function readClaim(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  place: MemberPlace,
): Promise<z.infer<typeof claimSchema> | undefined> {
  const kube = await context.members.kubeOf(place.cluster);
  return kube.get(claimRef(cr, place), claimSchema);
}

const claimRef = (cr: MultiCloudMongoDB, { ordinal }: MemberPlace) => ({
  kind: KINDS.persistentVolumeClaim,
  namespace: namespaceOf(cr),
  name: claimName(cr.metadata.name, cr.metadata.uid, ordinal),
});

/**
 * Deletes a member's claim and pod, by uid, and waits for a pod that is ready on another claim. The claim's uid is
 * recorded first, so that after a crash the fresh volume is not taken for the broken one.
 */
export async function wipeMember(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  step: Extract<SurroundingStepFacts, { kind: 'wipeMember' }>,
): Promise<StageResult<string>> {
  const request = openRebuild(cr);
  if (request === undefined) return done('carried out already');
  const who = `${step.cluster}/${step.ordinal}`;
  const present = (await readClaim(context, cr, step))?.metadata.uid;
  if (present !== undefined && present === step.claim) {
    const refused = await judgeWipe(context, cr, step);
    if (refused !== undefined) return refused;
    await annotateInstance(context, cr, { [ANNOTATIONS.wiping]: `${present} ${request}` });
    await deleteClaim(context, cr, step, present);
  }
  const began = await awaitFreshPod(context, cr, step);
  if (!began.done) return began;
  await annotateInstance(context, cr, { [ANNOTATIONS.rebuilt]: request, [ANNOTATIONS.wiping]: null });
  return done(`${who} runs on an empty volume`);
}

async function judgeWipe(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { host }: { readonly host: string },
): Promise<StageResult<string> | undefined> {
  const set = await observeSet(context, cr);
  if (set === undefined)
    return waitFor({
      code: 'ReplicaSet',
      message: 'No primary that a majority follows: no data is thrown away.',
    });
  const fault = wipeFault(set.state, host);
  if (fault === undefined) return undefined;
  // An election or somebody's reconfiguration came between: it must step down or lose its vote first.
  if (fault.rule === 'S11' || fault.rule === 'S10') throw new FedStateError('Superseded', fault.message);
  return waitFor({ code: 'PlanRefused', message: `Refused by rule ${fault.rule}: ${fault.message}` });
}

async function deleteClaim(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  place: MemberPlace,
  uid: string,
): Promise<void> {
  const kube = await context.members.kubeOf(place.cluster);
  try {
    await kube.delete(claimRef(cr, place), { uid });
  } catch (error) {
    if (!isFedStateError(error, 'NotFound') && !isFedStateError(error, 'Conflict')) throw error;
  }
}

/** A claim goes only when no pod uses it; its StatefulSet then makes both anew. */
async function awaitFreshPod(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  step: Extract<SurroundingStepFacts, { kind: 'wipeMember' }>,
): Promise<StageResult<string>> {
  const who = `${step.cluster}/${step.ordinal}`;
  const deadline = Date.now() + PATIENCE_MS;
  const deleted = new Set<string>();
  for (;;) {
    const claim = await readClaim(context, cr, step);
    const pod = await readPod(context, cr, step);
    const uid = pod?.uid;
    const isOld = step.claim !== undefined && claim?.metadata.uid === step.claim;
    if (isOld && uid !== undefined && !deleted.has(uid)) {
      await deletePod(context, cr, step, uid);
      deleted.add(uid);
    }
    const isFresh = claim !== undefined && !isOld && claim.metadata.deletionTimestamp === undefined;
    if (isFresh && uid !== undefined && !deleted.has(uid) && pod?.ready === true) return done(`${who} runs`);
    const lacking = `${who}: ${isOld ? 'its old volume is still there' : (pod?.reason ?? 'no pod yet')}`;
    heartbeat(lacking);
    if (Date.now() > deadline) return waitFor({ code: 'MembersNotReady', message: lacking });
    await sleep(POLL_MS);
  }
}
