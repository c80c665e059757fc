import type { StepFacts } from '../../src/domain/plan';
import { newGate } from '../support/gate';
import { eventuallyHolds } from '../support/eventually';
import { atFirst, edit, waits, type World } from '../support/world';
import type { Scenario } from './scenario';

const REPLACE: readonly StepFacts[] = [
  { kind: 'place', shares: [{ cluster: 'west', replicaset: 2 }] },
  { kind: 'grantVote', memberId: 3, host: '10.0.3.1:30002' },
];
const CLEAN: readonly StepFacts[] = [
  { kind: 'retireMember', cluster: 'east', ordinal: 0, host: '10.0.1.1:30001' },
];
const BY = { by: 'ann', why: 'the site burns' };
const GATED = { open: false, wait: { code: 'ApprovalNeeded', message: 'approve plan-of-2' } } as const;

/** A running instance at rest, and what a change would come to. */
function rest(world: World, changes: readonly StepFacts[] = REPLACE): void {
  edit(world, { created: true, health: 'Health', wish: 'w1' });
  world.changes = changes;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
}

/** What the activities do to a cluster that has come back. */
function giveBack(world: World): void {
  edit(world, { returned: 'east' });
  world.instead.liftFence = () => {
    world.changes = CLEAN;
    return Promise.resolve(true);
  };
  world.instead.forgetLoss = () => {
    world.changes = REPLACE;
    return undefined;
  };
}

/** Losses of clusters, and what comes after. */
export const RECOVERY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'failover',
    play: async ({ world, poke, settle }) => {
      rest(world);
      edit(world, { lost: 'east' });
      await poke();
      await eventuallyHolds('replaced', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'failover-with-outages',
    play: async ({ world, poke, settle }) => {
      rest(world, [{ kind: 'stepDown', host: '10.0.3.1:30001', freezeHosts: [] }, ...REPLACE]);
      edit(world, { lost: 'east' });
      world.instead.executeStep = ({ step }) => {
        if (step.kind !== 'stepDown') return undefined;
        world.changes = world.changes.slice(1);
        return Promise.resolve({ told: 'primary is 10.0.2.1:30001', writeOutageMs: 84 });
      };
      await poke();
      await eventuallyHolds('replaced', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'failover-without-room',
    play: async ({ world, poke, settle }) => {
      rest(world);
      edit(world, { lost: 'east' });
      world.instead.planChange = atFirst(waits('Unschedulable', 'west: room for 0 more'));
      await poke();
      await settle();
      await poke();
      await eventuallyHolds('replaced', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'failover-approved',
    play: async ({ world, poke, settle, update }) => {
      rest(world);
      edit(world, { lost: 'east' });
      world.gate = GATED;
      await poke();
      await settle();
      await update('approve', { hash: 'plan-of-2', ...BY });
      await eventuallyHolds('replaced', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'failover-preempts',
    play: async ({ world, poke, settle }) => {
      rest(world);
      edit(world, { change: 'scaleInstance' });
      world.instead.planChange = waits('MembersNotReady', 'west/1: pulling');
      await poke();
      await settle();
      edit(world, { lost: 'east' });
      delete world.instead.planChange;
      await poke();
      await eventuallyHolds('replaced', () => world.records.length > 1);
      await settle();
    },
  },
  {
    name: 'failover-asked-for',
    play: async ({ world, poke, settle, update }) => {
      rest(world);
      await poke();
      await settle();
      await update('failover', { cluster: 'east', ...BY });
      await eventuallyHolds('replaced', () => world.records.length > 0);
      await settle();
      world.instead.confirmLoss = () =>
        Promise.resolve({ lost: false, message: 'Cluster west is not lost.' });
      await update('failover', { cluster: 'west', ...BY });
      await eventuallyHolds('refused', () => world.records.length > 1);
      await settle();
    },
  },
  {
    name: 'failover-door',
    play: async ({ world, poke, settle, openDoor }) => {
      rest(world, []);
      await poke();
      await settle();
      const gate = newGate();
      world.instead.requestFailover = ({ namespace, name }) =>
        Promise.resolve({ instance: { namespace, name, uid: 'u' }, workflowId: 'op/1-failoverInstance' });
      world.instead.followOperation = () =>
        gate.opened.then(() => ({ outcome: 'succeeded' as const, message: 'replaced', clusters: [] }));
      const opened = openDoor({ namespace: 'shop', name: 'orders', cluster: 'east', ...BY });
      await eventuallyHolds('follows', () => world.calls.includes('followOperation'));
      gate.open();
      await opened;
    },
  },
  {
    name: 'failback',
    play: async ({ world, poke, settle }) => {
      rest(world);
      giveBack(world);
      await poke();
      await eventuallyHolds('given back', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'failback-approved-then-gone-again',
    play: async ({ world, poke, settle, update }) => {
      rest(world);
      giveBack(world);
      world.gate = GATED;
      await poke();
      await settle();
      edit(world, { returned: undefined });
      world.instead.confirmReturn = waits('ClusterUnreachable', 'Cluster east is not back.');
      await update('approve', { hash: 'plan-of-2', ...BY });
      await eventuallyHolds('ended', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'failback-asked-for',
    play: async ({ world, poke, settle, update }) => {
      rest(world);
      await poke();
      await settle();
      giveBack(world);
      edit(world, { returned: undefined });
      await update('failback', { cluster: 'east', ...BY });
      await eventuallyHolds('given back', () => world.records.length > 0);
      await settle();
    },
  },
];
