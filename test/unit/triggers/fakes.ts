import { FedStateError } from '../../../src/domain/errors';
import type { InstanceRef } from '../../../src/domain/instance';
import { instanceWorkflowId } from '../../../src/domain/workflow-ids';
import type { EntityClient, RunningEntity } from '../../../src/triggers/temporal-client';

export interface FakeEntities extends EntityClient {
  /** `name generation` or `name deletion`, in order. */
  readonly pokes: string[];
  readonly gone: string[];
  readonly running: Map<string, RunningEntity>;
  /** While true, every call fails as when Temporal is away. */
  down: boolean;
  /** While true, pokes are taken, and the caller hears that they failed. */
  mute: boolean;
  /** While true, only listing fails: visibility has a store of its own. */
  blind: boolean;
}

/** What Temporal would do with pokes: one entity per uid, started by its first poke, read up to date at once. */
export function fakeEntities(): FakeEntities {
  const running = new Map<string, RunningEntity>();
  const idOf = (ref: InstanceRef): string => instanceWorkflowId(ref.namespace, ref.name, ref.uid);
  const guard = (isAway: boolean): void => {
    if (isAway) throw new FedStateError('Unreachable', 'Temporal is away');
  };
  const fake: FakeEntities = {
    pokes: [],
    gone: [],
    running,
    down: false,
    mute: false,
    blind: false,
    async pokeInstance(ref, poke) {
      await Promise.resolve();
      guard(fake.down);
      fake.pokes.push(`${ref.name} ${poke.deletionRequested ? 'deletion' : poke.generation}`);
      running.set(idOf(ref), { ...ref, generation: poke.generation });
      guard(fake.mute);
    },
    async tellGone(ref) {
      await Promise.resolve();
      guard(fake.down);
      if (!running.has(idOf(ref))) return false;
      fake.gone.push(`${ref.name} ${ref.uid}`);
      running.delete(idOf(ref));
      return true;
    },
    async listRunning() {
      await Promise.resolve();
      guard(fake.down || fake.blind);
      return new Map(running);
    },
  };
  return fake;
}
