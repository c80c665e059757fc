import { setTimeout as sleep } from 'node:timers/promises';
import { FedStateError, isFedStateError } from '../../../src/domain/errors';
import type { InstanceRef } from '../../../src/domain/instance';
import { instanceWorkflowId } from '../../../src/domain/workflow-ids';
import type { Kube } from '../../../src/kube/client';
import { KINDS } from '../../../src/kube/object';
import type { EntityClient, RunningEntity } from '../../../src/triggers/temporal-client';
import { between, type Chance } from '../../support/chance';

export interface TakenPoke {
  readonly generation: number;
  readonly isDeletion: boolean;
  readonly at: number;
}

/** All that the entity of one object was told. */
export interface Account {
  readonly ref: InstanceRef;
  readonly pokes: TakenPoke[];
  /** Pokes that were taken while the caller got an error instead of the answer: it has to come again. */
  lostAnswers: number;
  /** When it was told that its object is gone. */
  goneAt: number | undefined;
}

export interface Ledger extends EntityClient {
  readonly accounts: ReadonlyMap<string, Account>;
  refusals(): number;
  stop(): void;
}

const REFUSED = 0.02;
const ANSWER_LOST = 0.02;

/**
 * Entities as Temporal would keep them, some calls failing before and some after they were taken. An entity that is
 * told of a deletion takes the finalizer off a little later and ends.
 */
export function openLedger(kube: Kube, chance: Chance): Ledger {
  const accounts = new Map<string, Account>();
  const running = new Map<string, RunningEntity>();
  const ending = new Set<string>();
  let refusals = 0;
  let isStopped = false;

  const idOf = ({ namespace, name, uid }: InstanceRef): string => instanceWorkflowId(namespace, name, uid);

  async function end(ref: InstanceRef): Promise<void> {
    await sleep(between(chance, 10, 400));
    while (!isStopped) {
      try {
        await kube.jsonPatch({ kind: KINDS.multiCloudMongoDB, namespace: ref.namespace, name: ref.name }, [
          { op: 'test', path: '/metadata/uid', value: ref.uid },
          { op: 'add', path: '/metadata/finalizers', value: [] },
        ]);
        break;
      } catch (error) {
        // Gone already, or another one by that name.
        if (isFedStateError(error, 'NotFound') || isFedStateError(error, 'InvalidSpec')) break;
        await sleep(200);
      }
    }
    running.delete(idOf(ref));
  }

  return {
    accounts,
    refusals: () => refusals,
    stop: () => (isStopped = true),
    async pokeInstance(ref, poke) {
      await sleep(between(chance, 1, 15));
      const fate = chance();
      if (fate < REFUSED) {
        refusals += 1;
        throw new FedStateError('Unreachable', 'Temporal is away');
      }
      const account = accounts.get(ref.uid) ?? { ref, pokes: [], lostAnswers: 0, goneAt: undefined };
      accounts.set(ref.uid, account);
      account.pokes.push({
        generation: poke.generation,
        isDeletion: poke.deletionRequested,
        at: performance.now(),
      });
      running.set(idOf(ref), { ...ref, generation: poke.generation });
      if (poke.deletionRequested && !ending.has(ref.uid)) {
        ending.add(ref.uid);
        void end(ref);
      }
      if (fate < REFUSED + ANSWER_LOST) {
        account.lostAnswers += 1;
        throw new FedStateError('Unreachable', 'the answer of Temporal was lost');
      }
    },
    async tellGone(ref) {
      await sleep(between(chance, 1, 15));
      const account = accounts.get(ref.uid);
      if (account === undefined || !running.delete(idOf(ref))) return false;
      account.goneAt ??= performance.now();
      return true;
    },
    listRunning: () => Promise.resolve(new Map(running)),
  };
}
