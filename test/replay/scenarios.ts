import { Context, heartbeat } from '@temporalio/activity';
import type { HealthSeen } from '../../src/activities/health';
import type { OperationKind } from '../../src/domain/instance';
import type { StepFacts } from '../../src/domain/plan';
import { FedStateError } from '../../src/domain/errors';
import { eventuallyHolds } from '../support/eventually';
import { newGate, type Gate } from '../support/gate';
import { asUsual, atFirst, countOf, edit, fails, waits, type World } from '../support/world';
import { MAJORITY_SCENARIOS } from './majority-scenarios';
import { RECOVERY_SCENARIOS } from './recovery-scenarios';
import type { Scenario } from './scenario';

const UNREACHABLE = new FedStateError('Unreachable', 'east: no route to 10.0.1.1:30001', { cluster: 'east' });
const NOT_PRIMARY = new FedStateError('NotPrimary', '10.0.1.1:30001 has stepped down');
const SUPERSEDED = new FedStateError('Superseded', 'another configuration came between');
const REFUSED = new FedStateError('InvalidSpec', 'spec.imageSetting.image: no tag');

const SCALE: readonly StepFacts[] = [
  { kind: 'dispatch', clusters: ['east'] },
  { kind: 'waitPods', hosts: ['east/1'] },
  { kind: 'grantVote', memberId: 3, host: '10.0.1.1:30002' },
  { kind: 'retireMember', cluster: 'west', ordinal: 1, host: '10.0.3.1:30002' },
];
const UPGRADE: readonly StepFacts[] = [
  { kind: 'restartMember', cluster: 'east', ordinal: 0, host: '10.0.1.1:30001' },
  { kind: 'soak', version: '4.4', seconds: 3600 },
  { kind: 'setFCV', version: '4.4' },
];
const SOAK = {
  open: false,
  wait: { code: 'Soaking', message: 'Soak until 2099' },
  opensAt: '2099-01-01T00:00:00Z',
} as const;
const ROTATION: readonly StepFacts[] = [
  { kind: 'rotatePasswords', users: ['clusterAdmin'] },
  { kind: 'writeKeyfile', keys: 'both' },
  { kind: 'shareCredentials' },
  { kind: 'restartMember', cluster: 'west', ordinal: 0, host: '10.0.3.1:30001' },
  { kind: 'retireKey' },
];
const REBUILD: readonly StepFacts[] = [
  { kind: 'revokeVote', memberId: 2, host: '10.0.3.1:30001' },
  { kind: 'wipeMember', cluster: 'west', ordinal: 0, host: '10.0.3.1:30001', claim: 'uid-of-a-claim' },
  { kind: 'grantVote', memberId: 2, host: '10.0.3.1:30001' },
];
const SETTINGS: readonly StepFacts[] = [
  {
    kind: 'setParameter',
    cluster: 'west',
    ordinal: 0,
    host: '10.0.3.1:30001',
    settings: [{ option: 'systemLog.verbosity', value: 1, was: 0 }],
  },
  { kind: 'dispatch', clusters: ['east'] },
];
const BY = { by: 'ann', why: 'maintenance' };

/** A running instance of which something else is asked for. */
function askFor(world: World, change: OperationKind, changes: readonly StepFacts[]): void {
  edit(world, { created: true, health: 'Health', change, wish: 'w2' });
  world.changes = changes;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
}

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
    name: 'creation-handed-on',
    play: async ({ world, poke, handOn, settle }) => {
      world.instead.placeInstance = atFirst(waits('Unschedulable', 'a'), waits('Unschedulable', 'b'));
      await poke();
      await eventuallyHolds('waits', () => world.waits.length > 0);
      await handOn('createInstance');
      await eventuallyHolds('created', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'change-handed-on',
    play: async ({ world, poke, handOn, update, settle }) => {
      askFor(world, 'scaleInstance', SCALE);
      world.instead.carryOutStep = ({ step }) =>
        step.kind === 'retireMember' ? waits('ClusterUnreachable', 'west')() : undefined;
      await poke();
      await eventuallyHolds('waits', () => world.waits.length > 0);
      const before = countOf(world, 'carryOutStep');
      await handOn('scaleInstance');
      await eventuallyHolds('tried again', () => countOf(world, 'carryOutStep') > before + 1);
      await update('cancel', BY);
      await eventuallyHolds('cancelled', () => world.records.length > 0);
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
  {
    name: 'change',
    play: async ({ world, poke, settle }) => {
      askFor(world, 'scaleInstance', SCALE);
      await poke();
      await eventuallyHolds('carried out', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'change-waits',
    play: async ({ world, poke, settle }) => {
      askFor(world, 'updateInstance', SCALE);
      world.instead.planChange = atFirst(waits('MembersUnreachable', 'west/0 does not answer'));
      await poke();
      await settle();
      await poke();
      await eventuallyHolds('carried out', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'change-superseded',
    play: async ({ world, poke, settle }) => {
      askFor(world, 'drainInstance', SCALE);
      world.instead.carryOutStep = atFirst(fails(SUPERSEDED));
      await poke();
      await eventuallyHolds('carried out', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'change-approved',
    play: async ({ world, poke, settle, update }) => {
      askFor(world, 'scaleInstance', SCALE);
      world.gate = { open: false, wait: { code: 'ApprovalNeeded', message: 'approve plan-of-4' } };
      await poke();
      await settle();
      await update('approve', { hash: 'plan-of-4', ...BY });
      await eventuallyHolds('carried out', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'change-rejected-then-resumed',
    play: async ({ world, poke, settle, update }) => {
      askFor(world, 'scaleInstance', SCALE);
      world.gate = { open: false, wait: { code: 'ApprovalNeeded', message: 'approve plan-of-4' } };
      await poke();
      await settle();
      await update('reject', BY);
      await settle();
      world.gate = { open: true };
      await update('resume', BY);
      await eventuallyHolds('carried out', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'change-in-window',
    play: async ({ world, poke, settle }) => {
      askFor(world, 'scaleInstance', SCALE);
      const opensAt = '2099-01-01T00:00:00Z';
      world.gate = { open: false, wait: { code: 'OutsideWindow', message: 'opens soon' }, opensAt };
      await poke();
      await eventuallyHolds('waits', () => world.waits.length > 0);
      await settle();
      world.gate = { open: true };
      edit(world, { wish: 'w3' });
      await poke();
      await eventuallyHolds('carried out', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'upgrade-soaks',
    play: async ({ world, poke, settle, update }) => {
      askFor(world, 'upgradeInstance', UPGRADE);
      world.soak = SOAK;
      await poke();
      await eventuallyHolds('soaks', () => world.waits.length > 0);
      await settle();
      await update('approve', { hash: 'plan-of-1', ...BY });
      await eventuallyHolds('raised', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'upgrade-soak-cancelled',
    play: async ({ world, poke, settle, update }) => {
      askFor(world, 'upgradeInstance', UPGRADE);
      world.upgrade = { from: '4.2', to: undefined, proven: false };
      world.soak = SOAK;
      await poke();
      await eventuallyHolds('soaks', () => world.waits.length > 0);
      await settle();
      await update('cancel', BY);
      await settle();
    },
  },
  {
    name: 'change-stopped',
    play: async ({ world, poke, settle, update }) => {
      askFor(world, 'scaleInstance', SCALE);
      const gate = newGate();
      world.instead.carryOutStep = atFirst(() =>
        gate.opened.then(() => {
          world.changes = world.changes.slice(1);
          return { done: true as const, value: 'dispatched' };
        }),
      );
      await poke();
      await eventuallyHolds('in the middle', () => world.calls.includes('carryOutStep'));
      await update('cancel', BY);
      gate.open();
      await eventuallyHolds('stopped', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'switchover',
    play: async ({ world, poke, settle, update }) => {
      askFor(world, 'scaleInstance', [{ kind: 'stepDown', host: '10.0.1.1:30001', freezeHosts: [] }]);
      edit(world, { change: undefined });
      await poke();
      await settle();
      await update('switchover', { cluster: 'west', ...BY });
      await eventuallyHolds('handed over', () => world.records.length > 0);
      await settle();
      world.instead.planChange = waits('PlanRefused', 'Refused by rule S15: nobody there may be elected');
      await update('switchover', { cluster: 'north', ...BY });
      await eventuallyHolds('refused', () => world.records.length > 1);
      await settle();
    },
  },
  {
    name: 'commands',
    play: async ({ world, poke, settle, update }) => {
      edit(world, { created: true, health: 'Health', wish: 'w1' });
      await poke();
      await settle();
      for (const name of ['restart', 'pause', 'resume']) {
        await update(name, BY);
        await settle();
      }
      await update('drainCluster', { cluster: 'west', ...BY });
      await settle();
      await update('restoreCluster', { cluster: 'west', ...BY });
      await settle();
      await update('move', { from: 'east', to: 'west', ...BY });
      await settle();
    },
  },
  {
    name: 'rotation',
    play: async ({ world, poke, settle, update }) => {
      edit(world, { created: true, health: 'Health', wish: 'w1' });
      await poke();
      await settle();
      await update('rotate', { what: 'keyfile', ...BY });
      await settle();
      askFor(world, 'rotateInstance', ROTATION);
      await poke();
      await eventuallyHolds('rotated', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'settings',
    play: async ({ world, poke, settle }) => {
      askFor(world, 'updateInstance', SETTINGS);
      world.instead.carryOutStep = atFirst(waits('SpecRefused', 'spec.config.configSet.LOG_LEVEL: -1'));
      await poke();
      await settle();
      edit(world, { wish: 'w3' });
      await poke();
      await eventuallyHolds('told', () => world.records.length > 0);
      await settle();
    },
  },
  {
    name: 'rebuild',
    play: async ({ world, poke, settle, update }) => {
      edit(world, { created: true, health: 'Health', wish: 'w1' });
      await poke();
      await settle();
      await update('rebuild', { cluster: 'west', ordinal: 0, ...BY });
      await settle();
      askFor(world, 'rebuildInstance', REBUILD);
      await poke();
      await eventuallyHolds('rebuilt', () => world.records.length > 0);
      await settle();
    },
  },
  ...RECOVERY_SCENARIOS,
  ...MAJORITY_SCENARIOS,
];
