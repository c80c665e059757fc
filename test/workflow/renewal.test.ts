import type { OperationKind } from '../../src/domain/instance';
import type { StepFacts } from '../../src/domain/plan';
import { entityOf, pokeEntity, withEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { newGate } from '../support/gate';
import { refusalOf } from '../support/update-refusal';
import { countOf, edit, newWorld, outcomesOf, stagesOf } from '../support/world';

jest.setTimeout(60_000);

const ROTATION: readonly StepFacts[] = [
  { kind: 'writeKeyfile', keys: 'both' },
  { kind: 'shareCredentials' },
  { kind: 'restartMember', cluster: 'west', ordinal: 0, host: '10.0.3.1:30001' },
];

it('requests are refused at once where they say nothing, and written where they do', async () => {
  const world = newWorld({ created: true, health: 'Health', wish: 'w1' });
  const written: string[] = [];
  world.instead.steerInstance = ({ annotations, by }) => {
    written.push(...Object.entries(annotations).map(([key, value]) => `${by}: ${key}=${value ?? ''}`));
    return Promise.resolve();
  };
  await withEntity(world, async (worker, ref) => {
    await pokeEntity(worker, ref);
    const handle = entityOf(worker, ref);
    const ask = (name: string, request: object): Promise<string> =>
      handle.executeUpdate(name, { args: [request] });
    expect(await refusalOf(ask('rotate', {}))).toContain('say who asks');
    expect(await refusalOf(ask('rotate', { by: 'ann', what: 'tyres' }))).toContain(
      'what is passwords or keyfile',
    );
    for (const bad of [
      {},
      { cluster: 'east' },
      { cluster: 'east', ordinal: '0' },
      { cluster: '', ordinal: 0 },
    ])
      expect(await refusalOf(ask('rebuild', { by: 'ann', ...bad }))).toContain('name the member');
    expect(await ask('rotate', { by: 'ann', what: 'keyfile' })).toMatch(/^keyfile\/\d{4}-/);
    expect(await ask('rotate', { by: 'ann' })).toMatch(/^\d{4}-/);
    expect(written).toEqual([
      expect.stringMatching(/^ann: middleware\.fedstate\.io\/rotate=keyfile\/\d{4}-/),
      expect.stringMatching(/^ann: middleware\.fedstate\.io\/rotate=\d{4}-/),
    ]);
    expect(await ask('rebuild', { by: 'ann', cluster: 'east', ordinal: 1 })).toMatch(/^east\/1@\d{4}-/);
  });
});

it.each<OperationKind>(['rotateInstance', 'rebuildInstance'])(
  '%s is planned again once managers have told who must restart, and can be stopped between steps',
  async (change) => {
    const world = newWorld({ created: true, health: 'Health', change, wish: 'w2' });
    world.changes = ROTATION;
    world.steps = [];
    world.secrets.set('orders-auth', 'x');
    const gate = newGate();
    world.instead.carryOutStep = ({ step }) =>
      step.kind === 'restartMember'
        ? gate.opened.then(() => {
            world.changes = world.changes.slice(1);
            return { done: true as const, value: 'restarted' };
          })
        : undefined;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('in the middle', () => countOf(world, 'carryOutStep') === 3);
      expect(stagesOf(world)).toEqual([
        'checkReferences',
        'planChange',
        'carryOutStep',
        'carryOutStep',
        'planChange',
        'carryOutStep',
      ]);
      await entityOf(worker, ref).executeUpdate('cancel', { args: [{ by: 'ann' }] });
      gate.open();
      await eventuallyHolds('ended', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual([`${change} cancelled`]);
      expect(world.records[0]?.message).toContain('writeKeyfile with the old key alone');
      edit(world, { change: undefined });
    });
  },
);
