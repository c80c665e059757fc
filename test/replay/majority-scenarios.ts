import { ApplicationFailure } from '@temporalio/common';
import type { StepFacts } from '../../src/domain/plan';
import { eventuallyHolds } from '../support/eventually';
import { countOf, edit, waitsFor, type World } from '../support/world';
import type { Scenario } from './scenario';

const HOST = '10.0.1.1:30001';
const RECOVER: readonly StepFacts[] = [
  { kind: 'fence', clusters: ['north', 'west'] },
  { kind: 'forceReconfig', host: HOST, expected: { version: 7, term: 2 }, members: [] },
  { kind: 'stepUp', host: HOST },
];
const ANN = { by: 'ann', why: 'both sites burnt down' };
const BOB = { hash: 'plan-of-3', by: 'bob', why: 'seen it' };

/** An instance at rest whose majority is gone. */
function lose(world: World): void {
  edit(world, { created: true, health: 'UnHealth', wish: 'w1' });
  world.changes = RECOVER;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
}

const refuse = (message: string) => () =>
  Promise.resolve({ done: true as const, value: { kind: 'refusal' as const, message } });

/** Majorities that people want recovered. */
export const MAJORITY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'recover-majority',
    play: async ({ world, poke, settle, update }) => {
      lose(world);
      await poke();
      await settle();
      await update('recoverMajority', ANN);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await settle();
      await poke();
      await eventuallyHolds('reviewed', () => countOf(world, 'reviewRecovery') > 0);
      await settle();
      await update('approve', BOB);
      await eventuallyHolds('recovered', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'recover-majority-void',
    play: async ({ world, poke, settle }) => {
      lose(world);
      edit(world, { recoveryAsked: 'burnt' });
      await poke();
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await settle();
      world.instead.reviewRecovery = () => Promise.resolve(false);
      world.instead.proposeRecovery = refuse('a is primary: nothing is forced (S4).');
      await poke();
      await eventuallyHolds('over', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'recover-majority-outdated',
    play: async ({ world, poke, settle, update }) => {
      lose(world);
      await poke();
      await settle();
      await update('recoverMajority', ANN);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await settle();
      world.waits.length = 0;
      world.instead.carryOutRecovery = ({ step }) =>
        step.kind === 'forceReconfig'
          ? Promise.reject(ApplicationFailure.nonRetryable('north answers again', 'Superseded'))
          : Promise.resolve({ done: true, value: 'ordered' });
      await update('approve', BOB);
      await eventuallyHolds('asks again', waitsFor(world, 'ApprovalNeeded'));
      await settle();
    },
  },
  {
    name: 'recover-majority-door',
    play: async ({ world, poke, settle, openDoor }) => {
      lose(world);
      await poke();
      await settle();
      world.instead.requestRecovery = ({ namespace, name }) =>
        Promise.resolve({ instance: { namespace, name, uid: 'u' }, workflowId: 'op/1-recoverInstance' });
      world.instead.followOperation = () =>
        Promise.resolve({ outcome: 'succeeded' as const, message: 'forced', clusters: [] });
      await openDoor({ namespace: 'shop', name: 'orders', ...ANN }, 'recoverMajority');
    },
  },
];
