import type { HealthSeen } from '../../src/activities/health';
import { newRef } from '../support/entity';
import { fakeActivities } from '../support/fake-activities';
import { withWorker } from '../support/temporal-worker';
import { countOf, newWorld, type World } from '../support/world';

// Fifty changes are a hundred activities; without a workflow cache each one replays all before it.
jest.setTimeout(180_000);

/** Runs a watch until the instance is gone, after so many changes. Gives the digests it was asked with, and the runs. */
async function watchThrough(world: World, changes: number): Promise<{ asked: unknown[]; runs: Set<string> }> {
  const instance = newRef();
  const asked: unknown[] = [];
  const runs = new Set<string>();
  world.instead.watchInstance = ({ digest }) => {
    asked.push(digest);
    const seen: HealthSeen =
      asked.length > changes
        ? { gone: true }
        : { gone: false, digest: `d${asked.length}`, summary: 'Health: as desired' };
    return Promise.resolve(seen);
  };
  const taskQueue = `q-${instance.uid}`;
  const options = { activities: fakeActivities(world), taskQueue, watchesHealth: true };
  await withWorker(options, async ({ client }) => {
    const workflowId = `health-${instance.uid}`;
    const handle = await client.workflow.start('watchHealth', {
      workflowId,
      taskQueue,
      args: [{ instance }],
    });
    runs.add(handle.firstExecutionRunId);
    await handle.result();
    runs.add((await client.workflow.getHandle(workflowId).describe()).runId);
  });
  return { asked, runs };
}

describe('the health watch', () => {
  it('pokes at every change, asks for what differs from it, and ends with the instance', async () => {
    const world = newWorld();
    const { asked, runs } = await watchThrough(world, 3);
    expect(asked).toEqual([undefined, 'd1', 'd2', 'd3']);
    expect(countOf(world, 'pokeInstance')).toBe(3);
    expect(runs.size).toBe(1);
  });

  it('keeps its history short, and what it saw last', async () => {
    const world = newWorld();
    const { asked, runs } = await watchThrough(world, 51);
    expect(asked.slice(49)).toEqual(['d49', 'd50', 'd51']);
    expect(countOf(world, 'pokeInstance')).toBe(51);
    expect(runs.size).toBe(2);
  });
});
