import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import type { OperationEnd } from '../../src/domain/operation';
import type { StepFacts } from '../../src/domain/plan';
import { entityOf, pokeEntity, timersOf, withEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { refusalOf } from '../support/update-refusal';
import { countOf, edit, newWorld, outcomesOf, stagesOf, waitsFor, type World } from '../support/world';

jest.setTimeout(60_000);

const HOST = '10.0.1.1:30001';
const RECOVER: readonly StepFacts[] = [
  { kind: 'fence', clusters: ['north', 'west'] },
  { kind: 'forceReconfig', host: HOST, expected: { version: 7, term: 2 }, members: [] },
  { kind: 'stepUp', host: HOST },
];
const ANN = { by: 'ann', why: 'both sites burnt down' };
const APPROVE = { hash: 'plan-of-3', by: 'bob', why: 'seen it' };

/** A running instance whose majority is gone. */
function lostWorld(): World {
  const world = newWorld({ created: true, health: 'UnHealth', wish: 'w1' });
  world.changes = RECOVER;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
  return world;
}
const FORCING = ['carryOutRecovery', 'executeStep'] as const;
const forcedIn = (world: World): number => FORCING.reduce((sum, name) => sum + countOf(world, name), 0);
const superseded = (): Promise<never> =>
  Promise.reject(ApplicationFailure.nonRetryable('north answers again', 'Superseded'));

describe('a majority that is lost', () => {
  it('is left alone without a word, and with a request too: it waits without a timer, for as long as it takes', async () => {
    const world = lostWorld();
    await withEntity(world, async (worker, ref) => {
      const ask = (args: object): Promise<string> =>
        entityOf(worker, ref).executeUpdate('recoverMajority', { args: [args] });
      await pokeEntity(worker, ref);
      await eventuallyHolds('at rest', () => countOf(world, 'startHealthWatch') > 0);
      expect(countOf(world, 'proposeRecovery')).toBe(0);
      expect(await refusalOf(ask({ why: 'x' }))).toContain('say who asks');
      expect(await refusalOf(ask({ by: 'ann' }))).toContain('say why');
      expect(await ask(ANN)).toMatch(/\/op\/1-recoverInstance$/);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      expect(world.waits.at(-1)?.message).toMatch(
        /^Asked for by ann \(both sites burnt down\).*plan-of-3.*annotation is not enough/,
      );
      // Neither by annotation, nor by whatever pokes it.
      edit(world, { approved: 'plan-of-3' });
      for (let poke = 0; poke < 3; poke += 1) {
        const before = countOf(world, 'reviewRecovery');
        await pokeEntity(worker, ref);
        await eventuallyHolds('looked', () => countOf(world, 'reviewRecovery') > before);
      }
      await eventuallyHolds('at rest again', () => world.calls.at(-1) === 'startHealthWatch');
      expect(await timersOf(entityOf(worker, ref))).toEqual([]);
      expect([forcedIn(world), countOf(world, 'proposeRecovery'), world.records]).toEqual([0, 1, []]);
      expect(
        await refusalOf(
          entityOf(worker, ref).executeUpdate('approve', { args: [{ ...APPROVE, hash: 'old' }] }),
        ),
      ).toContain('not the one that waits');
      expect(
        await refusalOf(entityOf(worker, ref).executeUpdate('approve', { args: [{ hash: 'plan-of-3' }] })),
      ).toContain('say who asks');
    });
  });

  it('is recovered once somebody with a name has agreed: fence, force, election, in this order', async () => {
    const world = lostWorld();
    const words: unknown[] = [];
    world.instead.carryOutRecovery = ({ step, agreed }) => {
      words.push([step.kind, agreed.by, agreed.hash]);
      return undefined;
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).executeUpdate('recoverMajority', { args: [ANN] });
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await entityOf(worker, ref).executeUpdate('approve', { args: [APPROVE] });
      await eventuallyHolds('recovered', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['recoverInstance succeeded']);
      expect(words).toEqual([
        ['fence', 'bob', 'plan-of-3'],
        ['forceReconfig', 'bob', 'plan-of-3'],
      ]);
      const stages = stagesOf(world).filter((name) => name !== 'startHealthWatch');
      expect(stages.slice(stages.lastIndexOf('proposeRecovery'))).toEqual([
        'proposeRecovery',
        'carryOutRecovery',
        'carryOutRecovery',
        'executeStep',
      ]);
      expect(countOf(world, 'liftRecovery')).toBe(0);
    });
  });

  it('is asked for by annotation, which names nobody, and answered once', async () => {
    const world = lostWorld();
    edit(world, { recoveryAsked: 'burnt' });
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      expect(world.waits.at(-1)?.message).toMatch(/^Asked for by holder of patch \(burnt\)/);
      expect([countOf(world, 'proposeRecovery'), forcedIn(world)]).toEqual([1, 0]);
    });
  });

  it.each(['reject', 'cancel'])('is left alone after %s, and nothing else is held up by it', async (word) => {
    const world = lostWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).executeUpdate('recoverMajority', { args: [ANN] });
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await entityOf(worker, ref).executeUpdate(word, { args: [{ by: 'bob' }] });
      edit(world, { change: 'scaleInstance' });
      world.changes = [];
      await pokeEntity(worker, ref);
      await eventuallyHolds('scaled', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['scaleInstance succeeded']);
      expect(forcedIn(world)).toBe(0);
    });
  });

  it('is not recovered when the look finds that it is not lost: that is the outcome', async () => {
    const world = lostWorld();
    world.instead.proposeRecovery = () =>
      Promise.resolve({
        done: true,
        value: { kind: 'refusal', message: 'A majority of the voters answers.' },
      });
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).executeUpdate('recoverMajority', { args: [ANN] });
      await eventuallyHolds('ended', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['recoverInstance cancelled']);
      expect(world.records[0]?.message).toBe('A majority of the voters answers. Nothing had been changed.');
    });
  });
});

describe('a plan to force that is no longer so', () => {
  it('is made again while it waits, and ends when there is none any more', async () => {
    const world = lostWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).executeUpdate('recoverMajority', { args: [ANN] });
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      world.changes = RECOVER.slice(0, 2);
      world.instead.reviewRecovery = ({ hash }) => Promise.resolve(hash === 'plan-of-2');
      await pokeEntity(worker, ref);
      await eventuallyHolds(
        'planned again',
        () => world.waits.at(-1)?.message.includes('plan-of-2') === true,
      );
      expect(await refusalOf(entityOf(worker, ref).executeUpdate('approve', { args: [APPROVE] }))).toContain(
        'not the one that waits',
      );
      world.instead.reviewRecovery = () => Promise.resolve(false);
      world.instead.proposeRecovery = () =>
        Promise.resolve({ done: true, value: { kind: 'refusal', message: 'a is primary.' } });
      await pokeEntity(worker, ref);
      await eventuallyHolds('over', () => world.records.length > 0);
      expect([outcomesOf(world), forcedIn(world)]).toEqual([['recoverInstance cancelled'], 0]);
    });
  });

  it('is refused right before it forces: who was ordered to shut off is given back, and it is asked for again', async () => {
    const world = lostWorld();
    world.instead.carryOutRecovery = ({ step }) =>
      step.kind === 'forceReconfig' ? superseded() : Promise.resolve({ done: true, value: 'ordered' });
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).executeUpdate('recoverMajority', { args: [ANN] });
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      world.waits.length = 0;
      await entityOf(worker, ref).executeUpdate('approve', { args: [APPROVE] });
      await eventuallyHolds('waits again', waitsFor(world, 'ApprovalNeeded'));
      expect(world.waits.at(-1)?.message).toMatch(
        /no longer so\. Nothing was forced; north, west given back\./,
      );
      expect([countOf(world, 'liftRecovery'), countOf(world, 'executeStep'), world.records]).toEqual([
        1,
        0,
        [],
      ]);
    });
  });

  it('keeps its orders when nobody can tell whether it was forced', async () => {
    const world = lostWorld();
    world.instead.carryOutRecovery = ({ step }) =>
      step.kind === 'forceReconfig'
        ? Promise.reject(ApplicationFailure.nonRetryable('no answer', 'Unreachable'))
        : undefined;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).executeUpdate('recoverMajority', { args: [ANN] });
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await entityOf(worker, ref).executeUpdate('approve', { args: [APPROVE] });
      await eventuallyHolds('failed', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['recoverInstance failed']);
      expect([countOf(world, 'liftRecovery'), countOf(world, 'executeStep')]).toEqual([0, 0]);
    });
  });
});

it('may be asked for by starting the workflow recoverMajority, which ends with the plan that waits', async () => {
  const world = lostWorld();
  await withEntity(world, async (worker, ref) => {
    await pokeEntity(worker, ref);
    world.instead.requestRecovery = async ({ by, why, updateId }) => ({
      instance: ref,
      workflowId: await entityOf(worker, ref).executeUpdate<string, [object]>('recoverMajority', {
        args: [{ by, why }],
        updateId,
      }),
    });
    world.instead.followOperation = async ({ workflowId }) => {
      const handle = worker.client.workflow.getHandle<() => Promise<OperationEnd>>(workflowId);
      await eventuallyHolds('known', () =>
        handle.describe().then(
          () => true,
          () => false,
        ),
      );
      return handle.result();
    };
    const open = (id: string, input: object): Promise<unknown> =>
      worker.client.workflow.execute('recoverMajority', {
        workflowId: `${id}-${ref.uid}`,
        taskQueue: worker.taskQueue,
        args: [{ namespace: 'shop', name: 'orders', ...input }],
      });
    expect(await open('well', ANN)).toMatch(/^suspended: .*plan-of-3/);
    const error = await open('unsaid', { by: 'ann' }).catch((caught: unknown) => caught);
    expect(error instanceof WorkflowFailedError ? error.cause?.message : error).toContain(
      'Say which, who and why',
    );
    expect(forcedIn(world)).toBe(0);
  });
});
