import { Context, heartbeat } from '@temporalio/activity';
import type { HealthSeen } from '../../src/activities/health';
import { FedStateError } from '../../src/domain/errors';
import { eventuallyHolds } from '../support/eventually';
import { newGate, type Gate } from '../support/gate';
import { asUsual, atFirst, countOf, edit, fails, waits } from '../support/world';
import type { Scenario } from './scenario';

const UNREACHABLE = new FedStateError('Unreachable', 'east: no route to 10.0.1.1:30001', { cluster: 'east' });
const NOT_PRIMARY = new FedStateError('NotPrimary', '10.0.1.1:30001 has stepped down');
const SUPERSEDED = new FedStateError('Superseded', 'another configuration came between');
const REFUSED = new FedStateError('InvalidSpec', 'spec.imageSetting.image: no tag');

/** Every course that the workflows know, smooth or not. Add one for each new way through them. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'creation',
    play: async ({ poke, settle }) => {
      await poke();
      await settle();
    },
  },
  {
    name: 'creation-waits',
    play: async ({ world, poke, settle }) => {
      world.instead.placeInstance = atFirst(waits('Unschedulable', 'east: room for 0 of 3'));
      await poke();
      await settle();
      await poke();
      await eventuallyHolds('created', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'creation-waits-unnudged',
    play: async ({ world, poke, settle }) => {
      world.instead.awaitMembers = atFirst(waits('MembersNotReady', 'east/0: pulling'));
      await poke();
      await eventuallyHolds('created', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'activities-retried',
    play: async ({ world, poke, settle }) => {
      world.instead.readInstance = atFirst(fails(UNREACHABLE));
      world.instead.dispatchInstance = atFirst(fails(UNREACHABLE), fails(UNREACHABLE));
      world.instead.executeStep = atFirst(asUsual, fails(NOT_PRIMARY));
      await poke();
      await eventuallyHolds('created', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'step-superseded',
    play: async ({ world, poke, settle }) => {
      world.instead.executeStep = atFirst(asUsual, fails(SUPERSEDED));
      await poke();
      await eventuallyHolds('created', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'creation-fails',
    play: async ({ world, poke, settle }) => {
      world.instead.checkReferences = atFirst(fails(REFUSED));
      await poke();
      await eventuallyHolds('tried again', () => world.records.length === 2, 60_000);
      await settle();
    },
  },
  {
    name: 'creation-fails-then-poked',
    play: async ({ world, poke, settle }) => {
      world.instead.checkReferences = atFirst(fails(REFUSED));
      await poke();
      await eventuallyHolds('failed', () => world.records.length === 1);
      await settle();
      await poke();
      await eventuallyHolds('tried again', () => world.records.length === 2);
      await settle();
    },
  },
  {
    name: 'creation-preempted',
    play: async ({ world, poke, settle, end }) => {
      world.instead.awaitMembers = waits('MembersNotReady', 'east/0: pulling');
      await poke();
      await settle();
      edit(world, { deletionRequested: true });
      await poke();
      await end();
    },
  },
  {
    name: 'step-preempted',
    play: async ({ world, poke, end }) => {
      world.instead.executeStep = async () => {
        const beat = setInterval(() => heartbeat(), 50);
        try {
          return await Context.current().cancelled;
        } finally {
          clearInterval(beat);
        }
      };
      await poke();
      await eventuallyHolds('executes', () => world.calls.includes('executeStep'));
      edit(world, { deletionRequested: true });
      await poke();
      await end();
    },
  },
  {
    name: 'deletion',
    play: async ({ world, poke, end }) => {
      edit(world, { created: true, health: 'Health', deletionRequested: true });
      await poke();
      await end();
    },
  },
  {
    name: 'deletion-waits',
    play: async ({ world, poke, settle, end }) => {
      edit(world, { created: true, health: 'SubHealth', deletionRequested: true });
      world.instead.awaitRemoval = atFirst(waits('Removing', 'west: 2 objects left'));
      await poke();
      await settle();
      await poke();
      await end();
    },
  },
  {
    name: 'pause',
    play: async ({ world, poke, settle }) => {
      edit(world, { paused: true });
      await poke();
      await settle();
      edit(world, { paused: false, generation: 2 });
      await poke();
      await eventuallyHolds('created', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'gone',
    play: async ({ world, poke, end }) => {
      world.snapshot = { found: false };
      await poke();
      await end();
    },
  },
  {
    name: 'gone-while-creating',
    play: async ({ world, poke, settle, end }) => {
      world.instead.awaitMembers = waits('MembersNotReady', 'east/0: pulling');
      await poke();
      await settle();
      world.snapshot = { found: false };
      await poke();
      await end();
      await settle();
    },
  },
  {
    name: 'rest',
    play: async ({ world, poke, settle }) => {
      edit(world, { created: true, health: 'Health' });
      for (let pokes = 0; pokes < 3; pokes += 1) {
        await poke();
        await settle();
      }
    },
  },
  {
    name: 'poked-while-reading',
    play: async ({ world, poke, settle }) => {
      edit(world, { created: true, health: 'Health' });
      const gate = newGate();
      world.instead.readInstance = atFirst(() => gate.opened.then(() => world.snapshot));
      await poke();
      await eventuallyHolds('reads', () => world.calls.includes('readInstance'));
      await poke();
      gate.open();
      await settle();
    },
  },
  {
    name: 'health-watch',
    play: async ({ world, poke, settle, end, startHealthWatch }) => {
      edit(world, { created: true, health: 'Health' });
      const [first, second, last] = [newGate(), newGate(), newGate()];
      const sees = (gate: Gate, seen: HealthSeen) => () => gate.opened.then(() => seen);
      world.instead.watchInstance = atFirst(
        sees(first, { gone: false, digest: 'd1', summary: 'Health: as desired' }),
        sees(second, { gone: false, digest: 'd2', summary: 'SubHealth: west/0 does not answer' }),
        sees(last, { gone: true }),
      );
      world.instead.startHealthWatch = atFirst(startHealthWatch);
      world.instead.pokeInstance = poke;
      await poke();
      await settle();
      for (const [index, change] of [first, second].entries()) {
        change.open();
        await eventuallyHolds('poked', () => countOf(world, 'pokeInstance') === index + 1);
        await settle();
      }
      last.open();
      await end('watch');
    },
  },
];
