import { activityInfo } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { readSchedulerResult } from '../api/scheduler-result';
import { FedStateError } from '../domain/errors';
import { ANNOTATIONS } from '../domain/marks';
import { listClusters } from '../karmada/cluster';
import {
  annotateInstance,
  annotateUnchanged,
  loadInstance,
  type ActivityContext,
  type InstanceInput,
} from './context';
import { isSamePlace, readLayout } from './layout';
import { drainedClusters } from './placement';

interface Asked extends InstanceInput {
  readonly by: string;
  readonly why?: string | undefined;
}

export interface SteerInput extends Asked {
  readonly annotations: Readonly<Record<string, string | null>>;
}

export interface DrainInput extends Asked {
  readonly cluster: string;
  /** False: members may go there again. */
  readonly drain: boolean;
}

export interface RebuildInput extends Asked {
  readonly cluster: string;
  readonly ordinal: number;
  /** Makes it another request than the last one. */
  readonly at: string;
}

export interface MoveInput extends Asked {
  readonly from: string;
  readonly to: string;
}

/** Commands that only change what is asked for: from there on they are changes as any other. */
export function createSteeringActivities(context: ActivityContext) {
  return {
    async steerInstance({ instance, annotations, ...asked }: SteerInput): Promise<void> {
      const cr = await loadInstance(context, instance);
      await annotateInstance(context, cr, annotations);
      await tell(context, cr, asked, Object.keys(annotations).join(', '));
    },

    async drainCluster({ instance, cluster, drain, ...asked }: DrainInput): Promise<void> {
      const cr = await loadInstance(context, instance);
      await requireCluster(context, cluster);
      const others = drainedClusters(cr).filter((name) => name !== cluster);
      const drained = drain ? [...others, cluster] : others;
      await annotateUnchanged(context, cr, {
        [ANNOTATIONS.drained]: drained.length === 0 ? null : drained.sort().join(','),
      });
      await tell(context, cr, asked, `${drain ? 'drain' : 'restore'} ${cluster}`);
    },

    /** Answers with the request. @throws InvalidSpec when the instance has no such member */
    async requestRebuild({ instance, cluster, ordinal, at, ...asked }: RebuildInput): Promise<string> {
      const cr = await loadInstance(context, instance);
      const layout = await readLayout(context, cr);
      if (!layout.done) throw new FedStateError('InvalidSpec', layout.wait.message);
      const { members } = layout.value;
      if (!members.some((member) => isSamePlace(member, { cluster, ordinal }))) {
        const places = members.map((member) => `${member.cluster}/${member.ordinal}`);
        throw new FedStateError(
          'InvalidSpec',
          `There is no member ${cluster}/${ordinal} (members: ${places.join(', ')}).`,
        );
      }
      const request = `${cluster}/${ordinal}@${at}`;
      await annotateInstance(context, cr, { [ANNOTATIONS.rebuild]: request });
      await tell(context, cr, asked, `rebuild member ${cluster}/${ordinal}`);
      return request;
    },

    /** Answers with the new placement. @throws InvalidSpec when nothing is there to be moved */
    async moveMember({ instance, from, to, ...asked }: MoveInput): Promise<string> {
      const cr = await loadInstance(context, instance);
      const command = nameCommand();
      const present = cr.metadata.annotations[ANNOTATIONS.schedulerResult] ?? '';
      // Its report was lost on the way: moving once more would move another member.
      if (cr.metadata.annotations[ANNOTATIONS.moved] === command) return present;
      await requireCluster(context, to);
      const { ClusterWithReplicaset: shares } = readSchedulerResult(present);
      const source = shares.find((share) => share.cluster === from);
      if (source === undefined || source.replicaset === 0)
        throw new FedStateError('InvalidSpec', `Cluster ${from} holds no data member of this instance.`);
      const rest = shares.map((share) =>
        share.cluster === from ? { ...share, replicaset: share.replicaset - 1 } : share,
      );
      const moved = rest.some((share) => share.cluster === to)
        ? rest.map((share) => (share.cluster === to ? { ...share, replicaset: share.replicaset + 1 } : share))
        : [...rest, { cluster: to, replicaset: 1 }];
      const kept = moved.filter((share) => share.replicaset > 0 || share.arbiter === true);
      const result = JSON.stringify({ ClusterWithReplicaset: kept });
      await annotateUnchanged(context, cr, {
        [ANNOTATIONS.schedulerResult]: result,
        [ANNOTATIONS.moved]: command,
      });
      await tell(context, cr, asked, `move a member from ${from} to ${to}`);
      return result;
    },
  };
}

/** The same at each attempt, and of no other command. */
function nameCommand(): string {
  const { workflowExecution, activityId } = activityInfo();
  return `${workflowExecution?.runId ?? ''}/${activityId}`;
}

async function requireCluster(context: ActivityContext, cluster: string): Promise<void> {
  const names = (await listClusters(context.karmada)).map(({ metadata }) => metadata.name);
  if (!names.includes(cluster)) {
    throw new FedStateError(
      'InvalidSpec',
      `Cluster ${cluster} is not registered with Karmada (registered: ${names.sort().join(', ')}).`,
    );
  }
}

async function tell(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { by, why }: Pick<Asked, 'by' | 'why'>,
  what: string,
): Promise<void> {
  await context.events.record(cr, {
    type: 'Normal',
    reason: 'Commanded',
    action: 'Command',
    note: `${what}, asked for by ${by}${why === undefined ? '' : `: ${why}`}`,
  });
}
