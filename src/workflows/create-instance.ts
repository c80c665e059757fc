import type { OperationInput, OperationOutcome } from '../domain/operation';
import { command, quick, sequence } from './activities';
import { convergeReplicaSet } from './replica-set';
import { runStages } from './stages';

/** From a custom resource to a healthy replica set. Every stage is idempotent; the whole may be repeated at any point. */
export async function createInstance(input: OperationInput): Promise<OperationOutcome> {
  const { instance } = input;
  let clusters: readonly string[] = [];
  const end = await runStages(input, `Create ${instance.namespace}/${instance.name}`, [
    { name: 'check references', run: () => quick.checkReferences({ instance }) },
    {
      name: 'schedule',
      run: async () => {
        const placed = await quick.placeInstance({ instance });
        if (!placed.done) return placed;
        clusters = placed.value.clusters;
        return { done: true, value: placed.value.summary };
      },
    },
    { name: 'prepare credentials', run: () => quick.prepareCredentials({ instance }) },
    { name: 'dispatch', run: () => sequence.dispatchInstance({ instance }) },
    { name: 'wait for members', run: () => sequence.awaitMembers({ instance }) },
    { name: 'build replica set', run: () => convergeReplicaSet(instance) },
    { name: 'create users', run: () => command.ensureUsers({ instance }) },
    { name: 'publish connection', run: () => quick.publishConnection({ instance }) },
    { name: 'verify', run: () => quick.verifyInstance({ instance }) },
  ]);
  return end === 'handOn' ? { outcome: 'handedOn' } : { outcome: 'succeeded', message: 'Health', clusters };
}
