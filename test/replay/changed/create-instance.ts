import type { OperationInput, OperationOutcome } from '../../../src/domain/operation';
import { quick } from '../../../src/workflows/activities';
import { runStages } from '../../../src/workflows/stages';

/** A careless change: the first two stages have changed places. */
export async function createInstance(input: OperationInput): Promise<OperationOutcome> {
  const { instance } = input;
  await runStages(input, 'Create', [
    {
      name: 'schedule',
      run: async () => {
        const placed = await quick.placeInstance({ instance });
        return placed.done ? { done: true, value: placed.value.summary } : placed;
      },
    },
    { name: 'check references', run: () => quick.checkReferences({ instance }) },
  ]);
  return { outcome: 'succeeded', message: 'Health', clusters: [] };
}
