import { composeConditions } from '../../../src/activities/status-conditions';
import { composeRecoveries } from '../../../src/activities/recoveries';
import type { OperationRecord } from '../../../src/domain/instance';
import type { Sighting } from '../../../src/domain/loss';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { factsOf } from '../../support/status-facts';

const MARK = { at: '2026-11-26T10:01:02Z', since: '2026-11-26T10:00:00Z', views: 'both say so' };
const SIGHTING: Sighting = {
  looks: 'dead',
  since: '2026-11-26T10:00:00Z',
  last: '2026-11-26T10:00:30Z',
  views: 'both say so',
  confirmed: true,
};

const record = (more: Partial<OperationRecord> = {}): OperationRecord => ({
  kind: 'failoverInstance',
  outcome: 'succeeded',
  startedAt: '2026-11-26T10:01:00Z',
  endedAt: '2026-11-26T10:01:40Z',
  workflowId: 'w1',
  cluster: 'east',
  ...more,
});

describe('the ledger of recoveries', () => {
  const lost = { [ANNOTATIONS.lost]: { east: MARK } };

  it('tells cause, detection and restored redundancy, from the first sight of the loss', () => {
    expect(composeRecoveries(factsOf(lost, { record: record() })).recoveries).toEqual([
      {
        kind: 'failoverInstance',
        outcome: 'succeeded',
        cluster: 'east',
        cause: 'both say so',
        at: '2026-11-26T10:01:40Z',
        detectionSeconds: 62,
        restoredSeconds: 100,
        workflowId: 'w1',
      },
    ]);
  });

  it('knows the cluster of a failover that went on after a restart, and calls nothing restored that was not', () => {
    const ledger = composeRecoveries(
      factsOf(lost, { record: record({ cluster: undefined, outcome: 'cancelled' }) }),
    ).recoveries?.[0];
    expect(ledger).toMatchObject({ cluster: 'east', detectionSeconds: 62 });
    expect(ledger).not.toHaveProperty('restoredSeconds');
  });

  it('tells of a majority that was recovered by force, and who wanted it', () => {
    const shut = { at: MARK.at, ordinals: [0], forced: '2026-11-26T10:01:30Z' };
    const facts = factsOf(
      { [ANNOTATIONS.lost]: { east: { ...MARK, shut } } },
      {
        record: record({
          kind: 'recoverInstance',
          cluster: undefined,
          message: 'forced at a:1, agreed to by ann',
        }),
      },
    );
    expect(composeRecoveries(facts).recoveries?.[0]).toMatchObject({
      kind: 'recoverInstance',
      cluster: 'east',
      cause: 'forced at a:1, agreed to by ann',
      detectionSeconds: 62,
    });
  });

  it('keeps ten, newest first, and other operations out', () => {
    let facts = factsOf(lost);
    for (let index = 0; index < 12; index += 1) {
      const status = composeRecoveries({ ...facts, record: record({ workflowId: `w${index}` }) });
      facts = { ...facts, cr: { ...facts.cr, status } };
    }
    const ids = facts.cr.status?.recoveries?.map(({ workflowId }) => workflowId);
    expect(ids).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((index) => `w${index}`));
    const scaled = composeRecoveries({
      ...facts,
      record: record({ kind: 'scaleInstance', workflowId: 'x' }),
    });
    expect(scaled.recoveries).toEqual(facts.cr.status?.recoveries);
    expect(composeRecoveries(factsOf({}))).toEqual({});
  });
});

describe('the condition ClusterLost', () => {
  const said = (annotations: Record<string, object>): string[] =>
    composeConditions(factsOf(annotations), 'Health', undefined)
      .filter(({ type }) => type === 'ClusterLost')
      .flatMap(({ status, reason = '', message = '' }) => [`${status} ${reason}`, message]);

  it.each([
    ['nothing', {}, 'False AllThere', 'No cluster'],
    ['a suspicion', { [ANNOTATIONS.sightings]: { east: SIGHTING } }, 'False Suspected', 'both say so'],
    [
      'a brake',
      { [ANNOTATIONS.sightings]: { east: { ...SIGHTING, hold: '2 of 3 look lost at once' } } },
      'False Held',
      'nothing is done: 2 of 3 look lost at once',
    ],
    ['a loss', { [ANNOTATIONS.lost]: { east: MARK } }, 'True Lost', 'nothing is sent there'],
    [
      'a cluster that was cut off',
      { [ANNOTATIONS.lost]: { east: { ...MARK, shut: { at: MARK.at, ordinals: [0], forced: MARK.at } } } },
      'True Lost',
      'was cut off by a forced configuration',
    ],
    [
      'an order that came to nothing',
      { [ANNOTATIONS.lost]: { east: { ...MARK, shut: { at: MARK.at, ordinals: [0] } } } },
      'True Lost',
      'send the Update failback to give it back',
    ],
    [
      'a return',
      {
        [ANNOTATIONS.lost]: { east: MARK },
        [ANNOTATIONS.sightings]: { east: { ...SIGHTING, looks: 'alive' } },
      },
      'True Lost',
      'is back and holds no member until it is failed back',
    ],
  ])('tells %s', (_what, annotations, word, message) => {
    expect(said(annotations)).toEqual([word, expect.stringContaining(message)]);
  });
});
