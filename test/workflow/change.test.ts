import type { StepFacts } from '../../src/domain/plan';
import { entityOf, operationOf, pokeEntity, withEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { newGate } from '../support/gate';
import { readPage } from '../support/workflow-page';
import { refusalOf } from '../support/update-refusal';
import {
  atFirst,
  countOf,
  edit,
  newWorld,
  outcomesOf,
  stagesOf,
  waits,
  type World,
  waitsFor,
} from '../support/world';

jest.setTimeout(60_000);

const SCALE: readonly StepFacts[] = [
  { kind: 'dispatch', clusters: ['east'] },
  { kind: 'waitPods', hosts: ['east/1'] },
  { kind: 'grantVote', memberId: 3, host: '10.0.1.1:30002' },
  { kind: 'retireMember', cluster: 'west', ordinal: 1, host: '10.0.3.1:30002' },
];

/** A running instance of which something else is asked for. */
function changedWorld(changes: readonly StepFacts[] = SCALE): World {
  const world = newWorld({ created: true, health: 'Health', change: 'scaleInstance', wish: 'w2' });
  world.changes = changes;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
  return world;
}

const GATED = {
  open: false,
  wait: { code: 'ApprovalNeeded', message: 'approve plan-of-4' },
} as const;

/** A running instance of which another release is asked for; all but the last step of it is free to go. */
function soakingWorld(until = '2099-01-01T00:00:00Z'): World {
  const world = changedWorld([
    { kind: 'restartMember', cluster: 'east', ordinal: 0, host: '10.0.1.1:30001' },
    { kind: 'soak', version: '4.4', seconds: 3600 },
    { kind: 'setFCV', version: '4.4' },
  ]);
  edit(world, { change: 'upgradeInstance' });
  // As the gate does: what was agreed to before does not cover it, and time alone opens it.
  world.soak = { open: false, wait: { code: 'Soaking', message: `Soak until ${until}` }, opensAt: until };
  return world;
}

describe('a change of a running instance', () => {
  it('tells no further member, and sends nothing, once mongod has refused a setting; corrected, it goes on', async () => {
    const settings = [{ option: 'systemLog.verbosity', value: 1, was: 0 }];
    const told = (ordinal: number): StepFacts => ({
      kind: 'setParameter',
      cluster: 'east',
      ordinal,
      host: `10.0.1.1:3000${ordinal}`,
      settings,
    });
    const world = changedWorld([told(1), told(2), { kind: 'dispatch', clusters: ['east'] }]);
    edit(world, { change: 'updateInstance' });
    world.instead.carryOutStep = atFirst(waits('SpecRefused', 'spec.config.configSet.LOG_LEVEL: 9'));
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('refused', waitsFor(world, 'SpecRefused'));
      expect(countOf(world, 'carryOutStep')).toBe(1);
      edit(world, { wish: 'w3' });
      await pokeEntity(worker, ref);
      await eventuallyHolds('carried out', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['updateInstance succeeded']);
      expect(countOf(world, 'carryOutStep')).toBe(4);
      const page = await readPage(worker.client, world.records[0]?.workflowId ?? '');
      expect(page).toContain('✅ setParameter: 10.0.1.1:30001 runs with systemLog.verbosity 1');
      expect(page).toContain('### Waited for\n\n- SpecRefused');
    });
  });

  it('is planned, carried out step by step, planned again after what the plan could only guess, and settled', async () => {
    const world = changedWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('carried out', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['scaleInstance succeeded']);
      expect(stagesOf(world).slice(0, 11)).toEqual([
        'checkReferences',
        'planChange',
        'carryOutStep',
        'carryOutStep',
        'planChange',
        'executeStep',
        'carryOutStep',
        'planChange',
        'ensureUsers',
        'publishConnection',
        'settleChange',
      ]);
      expect(world.records[0]?.message).toContain('10.0.1.1:30002 votes');
      const page = await readPage(worker.client, world.records[0]?.workflowId ?? '');
      expect(page).toMatch(/^## Scale /);
      for (const stage of ['check references', 'carry out the plan', 'create users', 'verify'])
        expect(page).toContain(`- ✅ ${stage}`);
      expect(page).toMatch(/✅ retireMember: .* \(.+\)/);
      expect(page).toContain('Plan `plan-of-4`, risk');
      expect(page).not.toMatch(/▶️|▫️|Waiting|Ended here/);
    });
  });

  it('tells in its result, its record and its page for how long its step-downs have stopped writes', async () => {
    const world = changedWorld([
      { kind: 'stepDown', host: '10.0.1.1:30001', freezeHosts: [] },
      { kind: 'grantVote', memberId: 3, host: '10.0.1.1:30002' },
    ]);
    world.instead.executeStep = ({ step }) => {
      if (step.kind !== 'stepDown') return undefined;
      world.changes = world.changes.slice(1);
      return Promise.resolve({ told: 'primary is 10.0.2.1:30001', writeOutageMs: 84 });
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('carried out', () => world.records.length > 0);
      const [record] = world.records;
      expect(record).toMatchObject({ outcome: 'succeeded', writeOutageMs: 84 });
      const operation = operationOf(worker, ref, 'scaleInstance');
      expect(await operation.result()).toMatchObject({ writeOutageMs: 84 });
      const page = await readPage(worker.client, record?.workflowId ?? '');
      expect(page).toContain('primary is 10.0.2.1:30001; writes stopped for at most 0.084 s');
    });
  });

  it('leaves a plan that must be approved to a person, in full, and runs it once it is approved by name', async () => {
    const world = changedWorld();
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      const handle = entityOf(worker, ref);
      const approve = (hash: string, by: string): Promise<string> =>
        handle.executeUpdate('approve', { args: [{ hash, by, why: 'read it' }] });
      expect(await refusalOf(approve('plan-of-9', 'ann'))).toContain('plan-of-4');
      expect(await refusalOf(approve('plan-of-4', ' '))).toContain('say who asks');
      expect(countOf(world, 'carryOutStep')).toBe(0);
      const waiting = await readPage(worker.client, handle.workflowId);
      expect(waiting).toContain('### scaleInstance waits (ApprovalNeeded)');
      expect(waiting).toMatch(/4\. retireMember: /);
      const suspended = operationOf(worker, ref, 'scaleInstance').workflowId;
      expect(await readPage(worker.client, suspended)).toContain('**Ended here**: approve plan-of-4');
      expect(await approve('plan-of-4', 'ann')).toBe('plan-of-4');
      await eventuallyHolds('carried out', () => world.records.length > 0);
      const page = await readPage(worker.client, world.records[0]?.workflowId ?? '');
      expect(page).toContain('Agreed to by ann: read it.');
      expect(outcomesOf(world)).toEqual(['scaleInstance succeeded']);
      expect(await refusalOf(approve('plan-of-4', 'ann'))).toContain('no plan waits');
    });
  });

  it('takes an approval by annotation for the very plan only', async () => {
    const world = changedWorld();
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      edit(world, { approved: 'plan-of-9' });
      const looks = countOf(world, 'readInstance');
      await pokeEntity(worker, ref);
      await eventuallyHolds('looked', () => countOf(world, 'readInstance') > looks);
      expect(countOf(world, 'planChange')).toBe(1);
      edit(world, { approved: 'plan-of-4' });
      world.gate = { open: true, agreedBy: 'holder of patch' };
      await pokeEntity(worker, ref);
      await eventuallyHolds('carried out', () => world.records.length > 0);
    });
  });

  it('makes the plan again when another change is asked for, and holds one that was rejected until then', async () => {
    const world = changedWorld();
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await entityOf(worker, ref).executeUpdate('reject', { args: [{ by: 'ann', why: 'not now' }] });
      await eventuallyHolds('held', waitsFor(world, 'Cancelled'));
      expect(world.waits.at(-1)?.message).toContain('rejected by ann (not now)');
      expect(countOf(world, 'planChange')).toBe(1);
      edit(world, { wish: 'w3' });
      world.gate = { open: true };
      await pokeEntity(worker, ref);
      await eventuallyHolds('carried out', () => world.records.length > 0);
    });
  });

  it('waits for a window by itself', async () => {
    const world = changedWorld();
    let opensAt = 0;
    world.gate = {
      open: false,
      wait: { code: 'OutsideWindow', message: 'soon' },
      // From when it is planned: a busy machine may come to that late.
      get opensAt() {
        opensAt = Date.now() + 8_000;
        return new Date(opensAt).toISOString();
      },
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'OutsideWindow'));
      world.gate = { open: true };
      await eventuallyHolds('carried out', () => world.records.length > 0);
      expect(opensAt).toBeGreaterThan(0);
      expect(Date.now()).toBeGreaterThanOrEqual(opensAt);
    });
  });

  it('stops at the next safe point, tells what would take it back, and stays stopped until resumed', async () => {
    const world = changedWorld();
    const gate = newGate();
    world.instead.carryOutStep = ({ step }) =>
      step.kind === 'waitPods'
        ? gate.opened.then(() => {
            world.changes = world.changes.slice(1);
            return { done: true as const, value: 'run' };
          })
        : undefined;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('in the middle', () => countOf(world, 'carryOutStep') === 2);
      await entityOf(worker, ref).executeUpdate('cancel', { args: [{ by: 'ann', why: 'wrong day' }] });
      gate.open();
      await eventuallyHolds('ended', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['scaleInstance cancelled']);
      expect(world.records[0]?.message).toMatch(
        /cancelled by ann \(wrong day\).*take back.*dispatch of the former spec/,
      );
      expect(countOf(world, 'executeStep')).toBe(0);
      await eventuallyHolds('held', waitsFor(world, 'Cancelled'));
      await entityOf(worker, ref).executeUpdate('resume', { args: [{ by: 'ann' }] });
      await eventuallyHolds('carried out', () => world.records.length > 1);
      expect(outcomesOf(world)).toEqual(['scaleInstance cancelled', 'scaleInstance succeeded']);
    });
  });

  it('leaves a soak as a plan that waits, and raises the feature version once that is approved (S22)', async () => {
    const world = soakingWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('soaks', waitsFor(world, 'Soaking'));
      // The plan with the soak was agreed to; what follows it has a gate of its own.
      expect(countOf(world, 'carryOutStep')).toBe(2);
      expect(world.records).toEqual([]);
      await entityOf(worker, ref).executeUpdate('approve', { args: [{ hash: 'plan-of-1', by: 'ann' }] });
      await eventuallyHolds('raised', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['upgradeInstance succeeded']);
      expect(countOf(world, 'carryOutStep')).toBe(3);
      expect(world.records[0]?.workflowId).toMatch(/-upgradeInstance$/);
    });
  });

  it('raises the feature version by itself when the soak is over', async () => {
    const until = new Date(Date.now() + 8_000).toISOString();
    const world = soakingWorld(until);
    let raisedAt = 0;
    world.instead.carryOutStep = ({ step }) => {
      if (step.kind === 'setFCV') raisedAt = Date.now();
      return undefined;
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('raised', () => world.records.length > 0, 40_000);
      expect(raisedAt).toBeGreaterThanOrEqual(Date.parse(until));
    });
  });

  it('leaves the feature version as it is when a soak is cancelled, and says so', async () => {
    const world = soakingWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('soaks', waitsFor(world, 'Soaking'));
      await entityOf(worker, ref).executeUpdate('cancel', { args: [{ by: 'ann', why: 'too slow' }] });
      await eventuallyHolds('held', waitsFor(world, 'Cancelled'));
      expect(world.waits.at(-1)?.message).toMatch(
        /cancelled by ann \(too slow\).*feature compatibility version stays as it is/,
      );
      await pokeEntity(worker, ref);
      expect(countOf(world, 'carryOutStep')).toBe(2);
    });
  });

  it('plans again when the first member of a new image has told its release', async () => {
    const world = soakingWorld();
    const restart = { kind: 'restartMember', cluster: 'east', host: '10.0.1.1:30001' } as const;
    world.changes = [
      { ...restart, ordinal: 0 },
      { ...restart, ordinal: 1 },
    ];
    let plans = 0;
    world.instead.planChange = () => {
      plans += 1;
      return plans === 2 ? waits('PlanRefused', 'S22: 10.0.1.1:30001 runs 6.0')() : undefined;
    };
    world.upgrade = { from: '4.2', to: undefined, proven: false };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('refused', waitsFor(world, 'PlanRefused'));
      expect(countOf(world, 'carryOutStep')).toBe(1);
    });
  });

  it('hands the primary over when asked; a refusal is the outcome of the operation', async () => {
    const world = newWorld({ created: true, health: 'Health', wish: 'w1' });
    world.steps = [];
    world.secrets.set('orders-auth', 'x');
    world.changes = [{ kind: 'stepDown', host: '10.0.1.1:30001', freezeHosts: [] }];
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      const handle = entityOf(worker, ref);
      const ask = (args: object): Promise<string> => handle.executeUpdate('switchover', { args: [args] });
      expect(await refusalOf(ask({ by: 'ann' }))).toContain('name a cluster');
      expect(await ask({ cluster: 'west', by: 'ann' })).toMatch(/\/op\/1-switchoverInstance$/);
      await eventuallyHolds('handed over', () => world.records.length > 0);
      world.instead.planChange = waits('PlanRefused', 'Refused by rule S15: nobody there may be elected');
      await ask({ cluster: 'north', by: 'ann' });
      await eventuallyHolds('refused', () => world.records.length > 1);
      expect(outcomesOf(world)).toEqual(['switchoverInstance succeeded', 'switchoverInstance failed']);
      expect(world.records[1]?.message).toContain('S15');
    });
  });

  it('keeps a switchover that must be approved with its plan, and makes the plan again when something else changes', async () => {
    const world = newWorld({ created: true, health: 'Health', wish: 'w1' });
    world.steps = [];
    world.secrets.set('orders-auth', 'x');
    world.changes = [{ kind: 'stepDown', host: '10.0.1.1:30001', freezeHosts: [] }];
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      const handle = entityOf(worker, ref);
      await handle.executeUpdate('switchover', { args: [{ cluster: 'west', by: 'ann' }] });
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(countOf(world, 'planChange')).toBe(1);
      edit(world, { wish: 'w2' });
      await pokeEntity(worker, ref);
      await eventuallyHolds('planned again', () => countOf(world, 'planChange') === 2);
      await eventuallyHolds('waits again', () => world.waits.length > 1);
      await handle.executeUpdate('approve', { args: [{ hash: 'plan-of-1', by: 'ann' }] });
      await eventuallyHolds('handed over', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['switchoverInstance succeeded']);
    });
  });

  it('is dropped for a removal, also while it waits for an approval', async () => {
    const world = changedWorld();
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      edit(world, { deletionRequested: true });
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).result();
      expect(outcomesOf(world)).toEqual(['deleteInstance succeeded']);
    });
  });
});
