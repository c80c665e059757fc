import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { answers, describeWish } from '../../../src/activities/instance-marks';
import { fencedClusters, lostClusters, withoutMark } from '../../../src/activities/loss-marks';
import { barredClusters, isPlacementDue, unplacedLosses } from '../../../src/activities/placement';
import { policyOf } from '../../../src/activities/recovery-gate';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { fnv1a32 } from '../../../src/domain/names';
import { makeInstance } from '../../support/custom-resource';

const MARK = { at: '2026-11-26T10:01:00Z', since: '2026-11-26T10:00:00Z', views: 'both' };
const SHARES = (...clusters: string[]): string =>
  JSON.stringify({ ClusterWithReplicaset: clusters.map((cluster) => ({ cluster, replicaset: 1 })) });

/** A running instance all of whose wishes were carried out, before `lost` was written to it. */
function instanceWith(
  spec: Readonly<Record<string, unknown>>,
  lost: Readonly<Record<string, object>> = {},
  annotations: Readonly<Record<string, string>> = {},
): MultiCloudMongoDB {
  const placed = {
    [ANNOTATIONS.schedulerResult]: SHARES('east', 'north', 'west'),
    [ANNOTATIONS.placedFor]: '3/false',
  };
  const settled = describeWish(makeInstance({ replicaset: 3, ...spec }, { annotations: placed }), undefined);
  return makeInstance(
    { replicaset: 3, ...spec },
    {
      annotations: {
        ...placed,
        [ANNOTATIONS.settled]: settled,
        ...(Object.keys(lost).length === 0 ? {} : { [ANNOTATIONS.lost]: JSON.stringify(lost) }),
        ...annotations,
      },
    },
  );
}

const FREE = { approval: 'Auto', windows: [] };
const ASKS = { approval: 'Always', windows: [] };

describe('who must agree to a failover', () => {
  const failover = (spec: object, lost: Record<string, object> = { east: MARK }, askedBy?: string) =>
    policyOf(instanceWith({ failover: spec }, lost), { kind: 'failoverInstance', cluster: 'east', askedBy });

  it('is said by its mode, which allowDynamicScheduler decides where it is not said', () => {
    expect(failover({ mode: 'Auto' })).toEqual(FREE);
    expect(failover({ mode: 'Approve' })).toEqual(ASKS);
    expect(failover({})).toEqual(ASKS);
    const dynamic = instanceWith({ spreadConstraints: { allowDynamicScheduler: true } }, { east: MARK });
    expect(policyOf(dynamic, { kind: 'failoverInstance' })).toEqual(FREE);
  });

  it('is nobody when a person has asked, also in a later attempt', () => {
    expect(failover({ mode: 'Off' }, { east: MARK }, 'ann')).toEqual(FREE);
    expect(failover({ mode: 'Off' }, { east: { ...MARK, by: 'ann' } })).toEqual(FREE);
    expect(failover({ mode: 'Off' }, { east: { ...MARK, by: 'ann', returned: MARK.at } })).toEqual(ASKS);
  });

  it('is said by spec.operations as well when more is asked for than the loss: nothing slips through', () => {
    const operations = { approval: 'Always', windows: [{ schedule: '0 2 * * 6', durationMinutes: 60 }] };
    const alone = instanceWith({ operations, failover: { mode: 'Auto' } }, { east: MARK });
    expect(policyOf(alone, { kind: 'failoverInstance' })).toEqual(FREE);
    const more = instanceWith(
      { operations, failover: { mode: 'Auto' } },
      { east: MARK },
      { 'middleware.fedstate.io/restart': 'now' },
    );
    expect(policyOf(more, { kind: 'failoverInstance' })).toEqual({
      approval: 'Always',
      windows: operations.windows,
    });
  });
});

describe('who must agree to a failback', () => {
  const elsewhere = { [ANNOTATIONS.schedulerResult]: SHARES('north', 'west') };
  const failback = (mode: string, mark: object, annotations: Record<string, string>, askedBy?: string) =>
    policyOf(instanceWith({ failover: { failback: mode } }, { east: mark }, annotations), {
      kind: 'failbackInstance',
      cluster: 'east',
      askedBy,
    });

  it('is said by its policy, or by whoever asks', () => {
    expect(failback('Auto', MARK, elsewhere)).toEqual(FREE);
    expect(failback('Approve', MARK, elsewhere)).toEqual(ASKS);
    expect(failback('Off', MARK, elsewhere, 'ann')).toEqual(FREE);
  });

  it('is nobody where nothing was moved, and a person where a person called it lost', () => {
    expect(failback('Approve', MARK, {})).toEqual(FREE);
    expect(failback('Auto', { ...MARK, by: 'ann' }, elsewhere)).toEqual(ASKS);
  });
});

describe('a lost cluster', () => {
  it('is part of what is asked for, fenced until it is back, and barred until it is forgotten', () => {
    const before = instanceWith({});
    const lost = instanceWith({}, { east: MARK });
    const back = instanceWith({}, { east: { ...MARK, returned: MARK.at } });
    const wishes = [before, lost, back].map((cr) => describeWish(cr, undefined));
    expect(new Set(wishes).size).toBe(3);
    expect([lost, back].map(fencedClusters)).toEqual([['east'], []]);
    expect([lost, back].map(barredClusters)).toEqual([['east'], ['east']]);
    expect([before, lost].map(isPlacementDue)).toEqual([false, true]);
    expect(unplacedLosses(lost)).toEqual(['east']);
    expect(describeWish(withoutMark(lost, 'east'), undefined)).toBe(wishes[0]);
  });

  it('leaves what was recorded before there could be one', () => {
    const cr = instanceWith({});
    const before = fnv1a32(JSON.stringify([SHARES('east', 'north', 'west'), '', '']));
    expect(describeWish(cr, undefined).split('/')[2]).toBe(before);
    expect(answers(cr.metadata.annotations[ANNOTATIONS.settled], describeWish(cr, undefined))).toBe(true);
  });

  it('is not read from what somebody has garbled', () => {
    expect(lostClusters(instanceWith({}, {}, { [ANNOTATIONS.lost]: '{east' }))).toEqual([]);
    expect(lostClusters(instanceWith({}, {}, { [ANNOTATIONS.lost]: '{"east":true}' }))).toEqual([]);
  });
});
