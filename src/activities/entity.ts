import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { isFedStateError, messageOf } from '../domain/errors';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { InstanceRef, InstanceSnapshot, OperationKind } from '../domain/instance';
import { resolveImage } from '../domain/image';
import { imageRelease, pendingRelease, releaseOf } from '../domain/release';
import { ANNOTATIONS } from '../domain/marks';
import { TASK_QUEUE } from '../domain/task-queues';
import { instanceWorkflowId } from '../domain/workflow-ids';
import { readAuthSecret } from './auth-secret';
import { findInstance, type ActivityContext, type InstanceInput } from './context';
import type { DispatchedShare } from './dispatched';
import { answers, describeWish, isCreated, isPaused } from './instance-marks';
import { digestAddresses, readLayout } from './layout';
import { dueLoss, dueReturn } from './loss-marks';
import { drainedClusters, isPlacementDue, readPlacement, unplacedLosses } from './placement';
import { openRebuild } from './rebuild';
import { digestReferences, resolveReferences } from './references';
import { isRotationDue } from './rotation-facts';

export interface StartHealthWatchInput extends InstanceInput {
  readonly workflowId: string;
}

export function createEntityActivities(context: ActivityContext) {
  return {
    /** What the entity decides by. */
    async readInstance({ instance }: InstanceInput): Promise<InstanceSnapshot> {
      const cr = await findInstance(context, instance);
      if (cr === undefined) return { found: false };
      const placement = await readPlacement(context, cr);
      const resolved = await resolveReferences(context, cr);
      const references = resolved.ok ? digestReferences(resolved.references) : undefined;
      const addresses = await digestAddresses(context, cr, placement);
      const wish = describeWish(cr, references, addresses);
      const approved = cr.metadata.annotations[ANNOTATIONS.approve];
      return {
        found: true,
        generation: cr.metadata.generation ?? 0,
        deletionRequested: cr.metadata.deletionTimestamp !== undefined,
        paused: isPaused(cr),
        created: isCreated(cr),
        clusters: placement.done ? placement.value.shares.map((share) => share.cluster) : [],
        health: cr.status?.state,
        ...(isCreated(cr) && !(await isCarriedOut(context, cr, wish))
          ? { change: await nameChange(context, cr) }
          : {}),
        wish,
        ...describeRecovery(cr, context.now()),
        ...(approved === undefined ? {} : { approved }),
      };
    },

    /** Idempotent: a watch that runs already is left alone. */
    async startHealthWatch({ instance, workflowId }: StartHealthWatchInput): Promise<void> {
      try {
        await context.temporal.workflow.start('watchHealth', {
          workflowId,
          taskQueue: TASK_QUEUE,
          args: [{ instance }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `Health of ${instance.namespace}/${instance.name}`,
        });
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      }
    },

    /** From the health watch to the entity, started again should it be missing. */
    async pokeInstance({ instance }: InstanceInput): Promise<void> {
      const cr = await findInstance(context, instance);
      if (cr === undefined) return;
      await signalInstance(
        context,
        instance,
        cr.metadata.generation ?? 0,
        cr.metadata.deletionTimestamp !== undefined,
      );
    },
  };
}

/** A request that came while the instance was made is in the record of what was asked for, and open all the same. */
async function isCarriedOut(context: ActivityContext, cr: MultiCloudMongoDB, wish: string): Promise<boolean> {
  if (!answers(cr.metadata.annotations[ANNOTATIONS.settled], wish) || openRebuild(cr) !== undefined)
    return false;
  // Without a request nothing is asked of the Secret at rest.
  const asks = cr.metadata.annotations[ANNOTATIONS.rotate] !== undefined;
  return !asks || !(await isRotationOpen(context, cr));
}

async function isRotationOpen(context: ActivityContext, cr: MultiCloudMongoDB): Promise<boolean> {
  try {
    return isRotationDue(cr, await readAuthSecret(context, cr));
  } catch (error) {
    // It was deleted by hand: what members hold is put back, and then told anew.
    if (!isFedStateError(error, 'NotFound')) throw error;
    return false;
  }
}

/** By what was recorded of its clusters: nobody is asked here. */
function describeRecovery(
  cr: MultiCloudMongoDB,
  now: Date,
): Pick<InstanceSnapshot & { readonly found: true }, 'lost' | 'calledLost' | 'returned' | 'recoveryAsked'> {
  if (!isCreated(cr)) return {};
  const asked = cr.metadata.annotations[ANNOTATIONS.recoverMajority] ?? '';
  const lost = dueLoss(cr, now);
  const called = cr.metadata.annotations[ANNOTATIONS.failover] ?? '';
  const { operation } = cr.status ?? {};
  // Members that are on their way elsewhere are not called back, unless there is no room for them.
  const isMoving = operation?.kind === 'failoverInstance' && operation.waitReason !== 'Unschedulable';
  const returned = isMoving && operation.waitReason !== 'ApprovalNeeded' ? undefined : dueReturn(cr, now);
  return {
    ...(lost === undefined ? {} : { lost }),
    ...(called === '' ? {} : { calledLost: called }),
    ...(returned === undefined ? {} : { returned }),
    ...(asked === '' ? {} : { recoveryAsked: asked }),
  };
}

/** The operation that carries out what is asked for, by what differs most. */
async function nameChange(context: ActivityContext, cr: MultiCloudMongoDB): Promise<OperationKind> {
  if (isPlacementDue(cr) && unplacedLosses(cr).length > 0) return 'failoverInstance';
  if (openRebuild(cr) !== undefined) return 'rebuildInstance';
  if (isPlacementDue(cr)) return drainedClusters(cr).length > 0 ? 'drainInstance' : 'scaleInstance';
  const layout = await readLayout(context, cr);
  if (!layout.done) return 'updateInstance';
  const { members, fenced } = layout.value;
  const isOpen = ({ cluster }: { readonly cluster: string }): boolean => !fenced.includes(cluster);
  const [dispatched, leaving] = [layout.value.dispatched.filter(isOpen), layout.value.leaving.filter(isOpen)];
  const isMoved = leaving.length > 0 || countMembers(dispatched) !== members.filter(isOpen).length;
  if (isMoved) return 'scaleInstance';
  if (await isRotationOpen(context, cr)) return 'rotateInstance';
  return isUpgrade(context, cr) ? 'upgradeInstance' : 'updateInstance';
}

/** By what the servers told when the status was last written; only the name hangs on it, the plan asks them again. */
function isUpgrade({ imageReplacements }: ActivityContext, { spec, status }: MultiCloudMongoDB): boolean {
  const versions = (status?.members ?? []).flatMap(({ version }) => (version === undefined ? [] : [version]));
  if (pendingRelease(versions, status?.featureCompatibilityVersion) !== undefined) return true;
  const image = resolveImage(spec.imageSetting.image, imageReplacements);
  const wanted = image.outcome === 'resolved' ? imageRelease(image.image) : undefined;
  return wanted !== undefined && versions.some((version) => releaseOf(version) !== wanted);
}

const countMembers = (dispatched: readonly DispatchedShare[]): number =>
  dispatched.reduce((sum, share) => sum + share.members + (share.arbiter ? 1 : 0), 0);

async function signalInstance(
  context: ActivityContext,
  instance: InstanceRef,
  generation: number,
  deletionRequested: boolean,
): Promise<void> {
  try {
    await context.temporal.workflow.signalWithStart('instance', {
      workflowId: instanceWorkflowId(instance.namespace, instance.name, instance.uid),
      taskQueue: TASK_QUEUE,
      args: [instance],
      signal: 'poke',
      signalArgs: [{ generation, deletionRequested }],
    });
  } catch (error) {
    context.logger.warn({ instance, error: messageOf(error) }, 'poke failed, tried again');
    throw error;
  }
}
