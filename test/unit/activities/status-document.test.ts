import { describeWish } from '../../../src/activities/instance-marks';
import { composeStatus } from '../../../src/activities/status-document';
import type { StatusFacts } from '../../../src/activities/status-facts';
import type { HealthVerdict } from '../../../src/domain/health';
import { done, waitFor } from '../../../src/domain/operation';
import type { Placement } from '../../../src/domain/placement';
import type { ClusterReport } from '../../../src/karmada/binding';
import { makeInstance } from '../../support/custom-resource';

const annotation =
  '{"ClusterWithReplicaset":[{"cluster":"10-29-14-21","replicaset":4},{"cluster":"10-29-14-25","replicaset":1}]}';

const placement: Placement = {
  shares: [
    { cluster: '10-29-14-21', replicaset: 4 },
    { cluster: '10-29-14-25', replicaset: 1 },
  ],
  members: [
    ...[0, 1, 2, 3].map((ordinal) => ({ cluster: '10-29-14-21', ordinal, votes: 1 as const })),
    { cluster: '10-29-14-25', ordinal: 0, votes: 1 },
  ],
  reasons: [{ cluster: '10-29-14-21', chosen: true, room: 4, reason: 'room for 4' }],
  quorum: { votes: 5, majority: 3, fatalClusters: ['10-29-14-21'], survivesAnyCluster: false },
  leaving: [],
  warnings: ['loss of 10-29-14-21 would stop writes'],
};

const hosts = [
  '10.29.5.103:33498',
  '10.29.5.103:38640',
  '10.29.5.103:37661',
  '10.29.5.103:35880',
  '10.29.5.107:38640',
];

const health: HealthVerdict = {
  word: 'Health',
  reasons: [],
  margin: 2,
  fatalClusters: [],
  primaryHost: hosts[1],
  members: hosts.map((host, index) => ({
    cluster: index < 4 ? '10-29-14-21' : '10-29-14-25',
    ordinal: index < 4 ? index : 0,
    host,
    role: index === 1 ? ('PRIMARY' as const) : ('SECONDARY' as const),
    votes: 1,
    version: '4.2.24',
  })),
};

const report = (cluster: string, ordinals: number[], revision: string): [string, ClusterReport] => [
  cluster,
  {
    cluster,
    applied: true,
    status: {
      state: 'Running',
      currentRevision: revision,
      members: ordinals.map((ordinal) => ({ ordinal, pod: `p-${ordinal}`, ready: true, restarts: 0 })),
    },
  },
];

function factsOf(changes: Partial<StatusFacts> = {}): StatusFacts {
  return {
    cr: makeInstance(
      {},
      {
        namespace: 'federation-mongo-operator',
        name: 'multicloudmongodb-sample',
        annotations: { 'middleware.fedstate.io/settled': describeWish(makeInstance({}), undefined) },
      },
    ),
    now: '2026-11-23T07:07:57Z',
    annotation,
    placement: done(placement),
    reports: new Map([
      report('10-29-14-21', [0, 1, 2, 3], 'multicloudmongodb-sample-666cb9cb8'),
      report('10-29-14-25', [0], 'multicloudmongodb-sample-866554df84'),
    ]),
    health,
    progress: null,
    record: undefined,
    created: true,
    connectionString: 'mongodb://10.29.5.103:33498/?replicaSet=replset-0',
    warnings: [],
    image: 'mongo:4.2',
    strayed: [],
    deviations: [],
    ...changes,
  };
}

describe('composeStatus', () => {
  it('calls a set healthy that only soaks, and says what is still to come', () => {
    const cr = makeInstance({}, { annotations: { 'middleware.fedstate.io/settled': 'another wish' } });
    const soaking = {
      kind: 'upgradeInstance',
      step: 'soak',
      workflowId: 'w',
      startedAt: '2026-11-23T07:00:00Z',
      wait: { code: 'Soaking', message: 'Soak until 2026-11-24T07:00:00Z' },
    } as const;
    const facts = factsOf({ cr, health: { ...health, featureCompatibilityVersion: '4.2' } });
    const status = composeStatus({ ...facts, progress: soaking });
    expect(status).toMatchObject({ state: 'Health', featureCompatibilityVersion: '4.2' });
    const applied = status.conditions?.find(({ type }) => type === 'SpecApplied');
    expect(applied).toMatchObject({ status: 'False', reason: 'Soaking' });
    expect(composeStatus(facts).state).toBe('SubHealth');
  });

  it('has every field and word of the original finished object', () => {
    const status = composeStatus(factsOf());
    expect(status.state).toBe('Health');
    expect(status.externalAddr).toBe(hosts.join(','));
    expect(status.result).toEqual([
      {
        applied: true,
        cluster: '10-29-14-21',
        connectAddrWithRole: {
          '10.29.5.103:33498': 'SECONDARY',
          '10.29.5.103:35880': 'SECONDARY',
          '10.29.5.103:37661': 'SECONDARY',
          '10.29.5.103:38640': 'PRIMARY',
        },
        currentRevision: 'multicloudmongodb-sample-666cb9cb8',
        replicasetSpec: 4,
        replicasetStatus: 4,
        state: 'Running',
      },
      {
        applied: true,
        cluster: '10-29-14-25',
        connectAddrWithRole: { '10.29.5.107:38640': 'SECONDARY' },
        currentRevision: 'multicloudmongodb-sample-866554df84',
        replicasetSpec: 1,
        replicasetStatus: 1,
        state: 'Running',
      },
    ]);
    expect(status.conditions?.slice(0, 3)).toEqual([
      {
        lastTransitionTime: '2026-11-23T07:07:57Z',
        message: 'Service Dispatch Successful And Ready For External Service',
        observedGeneration: 1,
        reason: 'ServerReady',
        status: 'True',
        type: 'ServerReady',
      },
      {
        lastTransitionTime: '2026-11-23T07:07:57Z',
        message:
          'The number of member clusters is the same as the number of control plane copies, check, SpecReplicaset: 5',
        observedGeneration: 1,
        reason: 'CheckSuccess',
        status: 'True',
        type: 'ServerCheck',
      },
      {
        lastTransitionTime: '2026-11-23T07:07:57Z',
        message: `Get Scheduler Result From MultiCloudMongoDB Annotations Success (federation-mongo-operator/multicloudmongodb-sample): ${annotation}`,
        observedGeneration: 1,
        reason: 'GetSchedulerSuccess',
        status: 'True',
        type: 'ServerScheduledResult',
      },
    ]);
  });

  it('leaves dead members and arbiters out of the external addresses', () => {
    const members = health.members.map((member, index) => ({
      ...member,
      ...(index === 0 ? { role: 'DOWN' as const } : {}),
      ...(index === 2 ? { role: 'ARBITER' as const } : {}),
    }));
    const status = composeStatus(
      factsOf({ health: { ...health, word: 'SubHealth', reasons: ['x is DOWN'], members } }),
    );
    expect(status.externalAddr).toBe([hosts[1], hosts[3], hosts[4]].join(','));
    expect(status.conditions?.find((condition) => condition.type === 'ServerSubHealthy')).toMatchObject({
      status: 'True',
      message: 'x is DOWN',
    });
  });

  it('says why nothing is scheduled', () => {
    const wait = { code: 'Unschedulable', message: 'east: room for 1 of 5' } as const;
    const status = composeStatus(
      factsOf({
        placement: waitFor({ code: 'SchedulerResultMissing', message: 'not written' }),
        reports: new Map(),
        health: undefined,
        created: false,
        connectionString: undefined,
        progress: { kind: 'createInstance', step: 'schedule', workflowId: 'w', startedAt: 's', wait },
      }),
    );
    expect(status.state).toBe('UnKnown');
    expect(status.conditions?.find((condition) => condition.type === 'ServerScheduledResult')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message: 'east: room for 1 of 5',
    });
    expect(status.operation).toMatchObject({
      step: 'schedule',
      waitReason: 'Unschedulable',
      since: '2026-11-23T07:07:57Z',
    });
  });

  it('keeps since while the same wait lasts', () => {
    const progress = { kind: 'createInstance', step: 'dispatch', workflowId: 'w', startedAt: 's' } as const;
    const first = composeStatus(factsOf({ progress }));
    const cr = makeInstance({}, {}, first);
    const later = composeStatus(factsOf({ cr, progress, now: '2026-11-23T08:00:00Z' }));
    expect(later.operation?.since).toBe('2026-11-23T07:07:57Z');
  });

  it('keeps the last ten operations, newest first', () => {
    let cr = makeInstance({});
    for (let index = 0; index < 12; index += 1) {
      const record = {
        kind: 'createInstance',
        outcome: 'succeeded',
        startedAt: 'a',
        endedAt: 'b',
        workflowId: `w${index}`,
      } as const;
      cr = makeInstance({}, {}, composeStatus(factsOf({ cr, record })));
    }
    expect(cr.status?.operations?.map((operation) => operation.workflowId)).toEqual(
      [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((index) => `w${index}`),
    );
  });

  it.each([
    ['the spec as built', 1, {}, 'Health', 'True', 'Applied'],
    ['a spec that has changed since', 3, { replicaset: 7 }, 'SubHealth', 'False', 'Changing'],
    ['a change that was taken back', 4, {}, 'Health', 'True', 'Applied'],
  ])('%s: %d %j is %s, SpecApplied is %s', (_what, generation, spec, word, status, reason) => {
    const annotations = { 'middleware.fedstate.io/settled': describeWish(makeInstance({}), undefined) };
    const { state, conditions, observedGeneration } = composeStatus(
      factsOf({ cr: makeInstance(spec, { annotations, generation }) }),
    );
    expect(state).toBe(word);
    expect(observedGeneration).toBe(generation);
    expect(conditions?.find(({ type }) => type === 'SpecApplied')).toMatchObject({ status, reason });
  });

  it.each([
    [{ strayed: ['cluster b is not registered'] }, 'cluster b is not registered', 'True'],
    [{ deviations: ['Service x is gone'] }, 'Service x is gone', 'False'],
  ])('is SubHealth with what is no longer in our hands: %j', (change, message, intact) => {
    const { state, conditions } = composeStatus(factsOf(change));
    const saying = (wanted: string) => conditions?.find(({ type }) => type === wanted);
    expect(state).toBe('SubHealth');
    expect(saying('ServerSubHealthy')).toMatchObject({ status: 'True', message });
    expect(saying('Intact')).toMatchObject({ status: intact });
  });

  it('keeps what was said of its objects while nobody looks at them', () => {
    const before = composeStatus(factsOf({ deviations: ['Service x is gone'] }));
    const cr = makeInstance({}, {}, before);
    const { conditions } = composeStatus(factsOf({ cr, deviations: undefined }));
    expect(conditions?.find(({ type }) => type === 'Intact')).toMatchObject({ message: 'Service x is gone' });
  });

  it('warns of what has no effect and of what could not be placed', () => {
    const { conditions } = composeStatus(
      factsOf({ warnings: ['spec.member.memberConfigRef has no effect'] }),
    );
    expect(conditions?.find(({ type }) => type === 'Warning')).toMatchObject({
      status: 'True',
      message: 'spec.member.memberConfigRef has no effect; loss of 10-29-14-21 would stop writes',
    });
  });

  it('shows a set paused by annotation', () => {
    const cr = makeInstance({}, { annotations: { 'middleware.fedstate.io/paused': 'true' } });
    expect(
      composeStatus(factsOf({ cr })).conditions?.find((condition) => condition.type === 'Paused')?.status,
    ).toBe('True');
  });
});
