import type { OperationInput, OperationOutcome } from '../domain/operation';
import { quick, sequence } from './activities';
import { runStages } from './stages';

/**
 * Planned removal: release from preservation, delete the templates, see the members clean, then the override and the
 * policies, and last our finalizer. Never the policies first: Karmada would leave everything in place.
 */
export async function deleteInstance(input: OperationInput): Promise<OperationOutcome> {
  const { instance } = input;
  const end = await runStages(input, `Delete ${instance.namespace}/${instance.name}`, [
    { name: 'lift preservation', run: () => sequence.liftPreservation({ instance }) },
    { name: 'delete templates', run: () => sequence.deleteTemplates({ instance }) },
    { name: 'wait for clusters', run: () => sequence.awaitRemoval({ instance }) },
    { name: 'delete policies', run: () => sequence.deletePolicies({ instance }) },
    { name: 'release', run: () => quick.releaseInstance({ instance }) },
  ]);
  return end === 'handOn'
    ? { outcome: 'handedOn' }
    : { outcome: 'succeeded', message: 'removed', clusters: [] };
}
