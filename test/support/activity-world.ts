import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { annotateInstance, loadInstance, type ActivityContext } from '../../src/activities/context';
import { createCredentialActivities } from '../../src/activities/credentials';
import { createDispatchActivities } from '../../src/activities/dispatch';
import { describeWish } from '../../src/activities/instance-marks';
import { FedStateError } from '../../src/domain/errors';
import type { InstanceRef } from '../../src/domain/instance';
import { ANNOTATIONS, FINALIZERS } from '../../src/domain/marks';
import type { StageResult } from '../../src/domain/operation';
import { KINDS } from '../../src/kube/object';
import type { Federation } from './federation';

/** Activities on a federation without nodes: objects are carried, nothing runs. */
export interface ActivityWorld {
  readonly context: ActivityContext;
  /** `Reason: note`, in the order in which they were told. */
  readonly events: string[];
  /** Clusters whose API server does not answer. */
  readonly unreachable: Set<string>;
  /** Makes the namespaces of the instances and of FedState itself. */
  prepare(): Promise<void>;
  create(
    name: string,
    shares: readonly (readonly [string, number])[],
    spec?: Readonly<Record<string, unknown>>,
  ): Promise<InstanceRef>;
  run<T>(activity: (input: { instance: InstanceRef }) => Promise<T>, instance: InstanceRef): Promise<T>;
  dispatch(instance: InstanceRef): Promise<StageResult<string>>;
  /** Leaves it as the end of its creation would: made, and all that is asked for carried out. */
  settle(instance: InstanceRef): Promise<void>;
}

export function makeActivityWorld(federation: Federation, namespace: string): ActivityWorld {
  const events: string[] = [];
  const unreachable = new Set<string>();
  const context: ActivityContext = {
    karmada: federation.karmada,
    members: {
      kubeOf: (cluster) => {
        const kube = federation.members.get(cluster);
        if (unreachable.has(cluster))
          return Promise.reject(new FedStateError('Unreachable', `${cluster} is cut off`));
        return kube === undefined
          ? Promise.reject(new FedStateError('NotFound', `no cluster ${cluster}`))
          : Promise.resolve(kube);
      },
    },
    get temporal(): never {
      throw new Error('these activities ask nothing of Temporal');
    },
    events: {
      record: (_regarding, { reason, note }) => {
        events.push(`${reason}: ${note}`);
        return Promise.resolve();
      },
    },
    logger: pino({ level: 'silent' }),
    imageReplacements: [],
    systemNamespace: 'fedstate-system',
    now: () => new Date(),
  };
  const settle: ActivityWorld['settle'] = async (instance) => {
    const cr = await loadInstance(context, instance);
    await annotateInstance(context, cr, {
      [ANNOTATIONS.created]: cr.metadata.uid,
      [ANNOTATIONS.settled]: describeWish(cr, undefined),
    });
  };
  const run: ActivityWorld['run'] = (activity, instance) =>
    new MockActivityEnvironment().run(activity, { instance });
  return {
    settle,
    context,
    events,
    unreachable,
    run,
    async prepare() {
      for (const name of [namespace, context.systemNamespace]) {
        const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
        await federation.karmada.create(KINDS.namespace, manifest);
      }
    },
    async create(name, shares, spec = {}) {
      const result = {
        ClusterWithReplicaset: shares.map(([cluster, replicaset]) => ({ cluster, replicaset })),
      };
      const made = await federation.karmada.create(KINDS.multiCloudMongoDB, {
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: 'MultiCloudMongoDB',
        metadata: {
          name,
          namespace,
          annotations: { schedulerResult: JSON.stringify(result) },
          finalizers: [FINALIZERS.multiCloud],
        },
        spec: {
          replicaset: shares.reduce((sum, [, count]) => sum + count, 0),
          imageSetting: { image: 'mongo:4.2' },
          ...spec,
        },
      });
      return { namespace, name, uid: made.metadata.uid };
    },
    async dispatch(instance) {
      await run((input) => createCredentialActivities(context).prepareCredentials(input), instance);
      return run((input) => createDispatchActivities(context).dispatchInstance(input), instance);
    },
  };
}
