import {
  createBoundaryFinder,
  nameOf,
  type Boundary,
  type ChaosOperation,
} from '../../../../local/chaos/boundary';
import type { Fault } from '../../../../local/chaos/faults';
import { filterBoundaries, planMatrix, type MatrixFacts } from '../../../../local/chaos/matrix';
import { createPassage } from '../../../../local/chaos/passage';
import type { Report } from '../../../../local/chaos/report';

const instance = { namespace: 'chaos', name: 'orders', uid: 'u1' };
const ENTITY = 'mongo/chaos/orders/u1';
const CREATE = `${ENTITY}/op/1-createInstance`;
const DELETE = `${ENTITY}/op/2-deleteInstance`;

const report = (workflowId: string, activity: string, detail?: string, activityId = '1'): Report => ({
  phase: 'before',
  activity,
  activityId,
  workflowId,
  instance,
  ...(detail === undefined ? {} : { detail }),
});

describe('boundaries', () => {
  const namesOf = (operation: ChaosOperation, reports: readonly Report[]): (string | undefined)[] => {
    const finder = createBoundaryFinder(operation);
    return reports.map((one) => finder.find(one)?.activity);
  };

  it('of a change number what repeats, but not the attempts of one activity', () => {
    const scale = `${ENTITY}/op/2-scaleInstance`;
    expect(
      namesOf('move', [
        report(ENTITY, 'moveMember'),
        report(scale, 'planChange', undefined, '1'),
        report(scale, 'reportStatus', 'addMember: 10.0.0.1:30017 without a vote', '2'),
        report(scale, 'planChange', undefined, '3'),
        report(scale, 'planChange', undefined, '3'),
        report(scale, 'planChange', undefined, '1'),
        report(CREATE, 'planChange', undefined, '9'),
      ]),
    ).toEqual([
      'moveMember at the start',
      'planChange',
      'reportStatus addMember',
      'planChange #2',
      'planChange #2',
      'planChange',
      undefined,
    ]);
  });

  it('of an upgrade count on in the workflow that follows its soak, and leave out the entity in between', () => {
    const first = `${ENTITY}/op/2-upgradeInstance`;
    const second = `${ENTITY}/op/3-upgradeInstance`;
    expect(
      namesOf('upgrade', [
        report(ENTITY, 'readInstance'),
        report(first, 'planChange', undefined, '1'),
        report(first, 'carryOutStep', 'soak', '2'),
        report(first, 'planChange', undefined, '3'),
        report(ENTITY, 'readInstance'),
        report(ENTITY, 'startHealthWatch'),
        report(second, 'planChange', undefined, '1'),
        report(second, 'planChange', undefined, '1'),
        report(second, 'carryOutStep', 'setFCV', '3'),
        report(second, 'planChange', undefined, '4'),
        report(ENTITY, 'recordOperation'),
      ]),
    ).toEqual([
      'readInstance at the start',
      'planChange',
      'carryOutStep soak',
      'planChange #2',
      undefined,
      undefined,
      'planChange #3',
      'planChange #3',
      'carryOutStep setFCV',
      'planChange #4',
      'recordOperation',
    ]);
  });

  it('name activities by step and stage, and the entity’s by where in the operation they come', () => {
    expect(
      namesOf('create', [
        report(ENTITY, 'readInstance'),
        report(CREATE, 'reportStatus', 'schedule'),
        report(CREATE, 'executeStep', 'initiate'),
        report(ENTITY, 'readInstance'),
        report(ENTITY, 'recordOperation'),
        report(ENTITY, 'readInstance'),
        report(ENTITY, 'startHealthWatch'),
      ]),
    ).toEqual([
      'readInstance at the start',
      'reportStatus schedule',
      'executeStep initiate',
      // Somebody poked while the operation ran: that is no part of its course.
      undefined,
      'recordOperation',
      'readInstance at the end',
      'startHealthWatch at the end',
    ]);
  });

  it('of a removal leave out what the entity does at rest, and what is left of another operation', () => {
    expect(
      namesOf('delete', [
        report(ENTITY, 'reportStatus'),
        report(CREATE, 'verifyInstance'),
        report(ENTITY, 'readInstance'),
        report(DELETE, 'liftPreservation'),
      ]),
    ).toEqual([undefined, undefined, 'readInstance at the start', 'liftPreservation']);
  });

  it('hold a passage once, at the first time of the one that is asked for', async () => {
    const passage = createPassage('create', [{ activity: 'planReplicaSet', phase: 'before' }]);
    await passage.doorkeeper(report(CREATE, 'dispatchInstance'));
    expect(passage.held()).toBeUndefined();
    let isThrough = false;
    const held = passage.doorkeeper(report(CREATE, 'planReplicaSet')).then(() => (isThrough = true));
    await passage.doorkeeper(report(CREATE, 'planReplicaSet'));
    expect([passage.held()?.boundary.activity, isThrough]).toEqual(['planReplicaSet', false]);
    passage.release();
    await held;
    expect([...passage.seen().keys()]).toEqual(['before dispatchInstance', 'before planReplicaSet']);
  });
});

describe('the matrix', () => {
  const fault = (name: string): Fault => ({ name, says: '', strike: () => Promise.resolve() });
  const steps = (prefix: string, count: number): Boundary[] =>
    Array.from({ length: count }, (_, index) => ({ activity: `${prefix}${index}`, phase: 'before' }));
  const facts: MatrixFacts = {
    faults: [fault('worker'), fault('temporal')],
    create: steps('c', 7),
    delete: steps('d', 4),
    seed: 3,
    image: 'mongo:4.2',
    together: 3,
    strokes: 1,
    lives: undefined,
  };
  const pairs = (operation: 'create' | 'delete', some = facts): Set<string> =>
    new Set(
      planMatrix(some).flatMap((volley) =>
        volley.lives.flatMap((life) =>
          life[operation].map(({ activity }) => `${volley.fault.name} ${activity}`),
        ),
      ),
    );

  it('strikes with every fault at every boundary, in as many lives as the longer operation has boundaries', () => {
    const volleys = planMatrix(facts);
    expect(volleys.flatMap((volley) => volley.lives)).toHaveLength(14);
    expect(pairs('create').size).toBe(14);
    expect(pairs('delete').size).toBe(8);
    expect(Math.max(...volleys.map((volley) => volley.lives.length))).toBe(3);
    const names = volleys.flatMap((volley) => volley.lives.map((life) => life.name));
    expect(new Set(names).size).toBe(14);
    const kept = new Set(volleys.flatMap((volley) => volley.lives.map((life) => life.spec.whenDeleted)));
    expect([...kept].sort()).toEqual(['Delete', 'Retain']);
  });

  it('strikes one life more than once when told to, abreast with the others of its volley', () => {
    const often = { ...facts, together: 2, strokes: 3 };
    expect(pairs('create', often).size).toBe(14);
    expect(pairs('delete', often).size).toBe(8);
    const [first] = planMatrix({ ...often, faults: [fault('worker')] }).filter(
      ({ lives }) => lives[0]?.create[0]?.activity === 'c0',
    );
    expect(first?.lives.map((life) => life.create.map(({ activity }) => activity))).toEqual([
      ['c0', 'c2', 'c4'],
      ['c1', 'c3', 'c5'],
    ]);
  });

  it('is the same for the same seed, another for another, and can be cut short', () => {
    expect(planMatrix(facts)).toEqual(planMatrix(facts));
    expect(JSON.stringify(planMatrix({ ...facts, seed: 4 }))).not.toBe(JSON.stringify(planMatrix(facts)));
    const four = planMatrix({ ...facts, lives: 4 }).flatMap((volley) => volley.lives);
    expect(four).toEqual(
      planMatrix(facts)
        .flatMap((volley) => volley.lives)
        .slice(0, 4),
    );
  });

  it('takes a part by name; an operation without such a boundary passes unharmed', () => {
    expect(filterBoundaries(facts.create, 'c5').map(nameOf)).toEqual(['before c5']);
    const lives = planMatrix({ ...facts, create: filterBoundaries(facts.create, 'c5'), delete: [] }).flatMap(
      (volley) => volley.lives,
    );
    expect(lives.map((life) => [life.create.map(nameOf), life.delete])).toEqual([
      [['before c5'], []],
      [['before c5'], []],
    ]);
  });
});
