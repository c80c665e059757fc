import { noFindings, type Findings } from '../../../src/member/findings';
import { readInstance, type Instance } from '../../../src/member/instance';
import { sortMembers } from '../../../src/member/membership-set';
import { reasonOf } from '../../../src/member/member-pods';
import { computeStatus } from '../../../src/member/status';
import { sampleInstance, sampleMongoDB } from './sample-instance';
import { samplePod, sampleReport, sampleSnapshot } from './sample-objects';

const NOW = '2026-01-02T03:04:05Z';
const usersIn = { root: true, clusterAdmin: true, clusterMonitor: true };

function findingsOf(instance: Instance, over: Partial<Findings> = {}): Findings {
  return { ...noFindings(sortMembers(instance.spec, [0])), ...over };
}

test('what the API server refuses is told by the fields of a MongoDB', () => {
  const instance = sampleInstance();
  const refusals = [
    'StatefulSet "x" is invalid: spec.template.spec.containers[0].resources.limits: Forbidden',
  ];
  const status = computeStatus(
    instance,
    sampleSnapshot(instance, [0]),
    findingsOf(instance, { refusals }),
    NOW,
  );
  expect(status).toMatchObject({
    state: 'Error',
    waitingFor:
      'The API server refuses what the spec asks for: StatefulSet "x" is invalid: spec.resources.limits: Forbidden. Correct the field that it names.',
  });
});

describe('a whole and healthy member cluster', () => {
  const instance = sampleInstance(
    { members: 2, resources: { limits: { cpu: '2' } } },
    { generation: 4, annotations: { 'middleware.fedstate.io/override-revision': 'r7' } },
  );
  const set = [
    ['east:1', 'SECONDARY'],
    ['east:2', 'PRIMARY'],
    ['west:1', 'DOWN'],
  ] as const;
  const status = computeStatus(
    instance,
    sampleSnapshot(instance, [0, 1]),
    findingsOf(instance, {
      image: { image: 'mongo:4.2', replaced: undefined },
      addresses: { external: ['east:1', 'east:2'], internal: ['a:27017'] },
      replica: {
        reports: new Map([
          [0, sampleReport('east:1', 'SECONDARY', set)],
          [1, sampleReport('east:2', 'PRIMARY', set)],
        ]),
        silent: new Map(),
        users: usersIn,
      },
    }),
    NOW,
  );

  test('is Running with the words and fields of the original status', () => {
    expect(status).toMatchObject({
      state: 'Running',
      observedGeneration: 4,
      overrideRevision: 'r7',
      currentInfo: { members: 2, resources: { limits: { cpu: '2' } } },
      readyMembers: 2,
      image: 'mongo:4.2',
      primary: 'east:2',
      externalAddress: 'east:1,east:2',
      internalAddress: 'a:27017',
      waitingFor: undefined,
    });
    expect(status.currentRevision).toMatch(/^orders-[4-9b-df]+$/);
  });

  test('tells the whole set, also members of other clusters, as the primary sees it', () => {
    expect(status.replset).toEqual([
      { _id: 0, name: 'east:1', health: 1, state: 2, stateStr: 'SECONDARY', syncSourceHost: 'p:1' },
      { _id: 1, name: 'east:2', health: 1, state: 1, stateStr: 'PRIMARY', syncSourceHost: '' },
      { _id: 2, name: 'west:1', health: 0, state: 8, stateStr: 'DOWN', syncSourceHost: '' },
    ]);
  });

  test('conditions carry the replica set name and their order of old', () => {
    expect(status.conditions?.map(({ type, status: is, message }) => [type, is, message])).toEqual([
      ['rsInit', 'True', 'replset-0'],
      ['userRoot', 'True', 'replset-0'],
      ['userClusterAdmin', 'True', 'replset-0'],
      ['userClusterMonitor', 'True', 'replset-0'],
      ['Ready', 'True', 'All members are as asked.'],
    ]);
    expect(status.conditions?.every(({ lastTransitionTime }) => lastTransitionTime === NOW)).toBe(true);
  });

  test('each member has its line', () => {
    expect(status.members).toEqual([
      {
        ordinal: 0,
        pod: 'orders-mongodb-0-0',
        podUid: 'uid-of-orders-mongodb-0-0',
        node: 'node-1',
        image: 'mongo:4.2',
        phase: 'Running',
        ready: true,
        restarts: 0,
        reason: undefined,
        nodePort: 31000,
        claim: 'data-902b5fd9-orders-mongodb-0-0',
        templateHash: 'h1',
        pendingTemplate: undefined,
      },
      expect.objectContaining({ ordinal: 1, nodePort: 31001 }),
    ]);
  });

  test('is the same again when nothing changed, later too', () => {
    const again = readInstance({
      ...sampleMongoDB({ members: 2, resources: { limits: { cpu: '2' } } }),
      status,
    });
    const later = computeStatus(
      { ...instance, status: again.status },
      sampleSnapshot(instance, [0, 1]),
      findingsOf(instance, {
        image: { image: 'mongo:4.2', replaced: undefined },
        addresses: { external: ['east:1', 'east:2'], internal: ['a:27017'] },
        replica: {
          reports: new Map([[1, sampleReport('east:2', 'PRIMARY', set)]]),
          silent: new Map(),
          users: usersIn,
        },
      }),
      '2027-01-01T00:00:00Z',
    );
    expect(later).toEqual(status);
  });
});

const judged = (
  spec: Readonly<Record<string, unknown>>,
  over: Partial<Findings> = {},
  pods?: Parameters<typeof sampleSnapshot>[2],
) => {
  const instance = sampleInstance(spec);
  const { state, waitingFor, currentInfo, conditions } = computeStatus(
    instance,
    sampleSnapshot(instance, [0], pods),
    findingsOf(instance, over),
    NOW,
  );
  return {
    state,
    waitingFor,
    count: currentInfo?.members,
    ready: conditions?.find(({ type }) => type === 'Ready'),
  };
};

test('an absent count is reported as a hold', () => {
  expect(judged({ members: undefined })).toMatchObject({ state: 'Reconciling', ready: { reason: 'Held' } });
});

test('pause, waits and refusals have their own words', () => {
  expect(judged({ pause: true })).toMatchObject({ state: 'Pause' });
  const wait = { outcome: 'wait', reason: 'ConfigMapMissing', message: 'ConfigMap x' } as const;
  expect(judged({}, { notReady: wait })).toMatchObject({
    state: 'Reconciling',
    waitingFor: 'ConfigMap x',
    ready: { status: 'False', reason: 'ConfigMapMissing' },
  });
  expect(judged({}, { notReady: { ...wait, outcome: 'refused', reason: 'ImageRefused' } })).toMatchObject({
    state: 'Error',
    ready: { reason: 'ImageRefused' },
  });
  expect(judged({}, { conflicts: ['Service orders-mongodb-0'] })).toMatchObject({
    state: 'Error',
    waitingFor: expect.stringContaining('Service orders-mongodb-0') as string,
  });
});

test('the member count is of Ready members, never an echo of the spec', () => {
  const instance = sampleInstance();
  const pods = new Map([[0, samplePod(instance, 0, { ready: false })] as const]);
  expect(judged({}, {}, { pods })).toMatchObject({ state: 'Reconciling', count: 0 });
  expect(judged({ members: 2 })).toMatchObject({ count: 1, waitingFor: 'orders-mongodb-1-0: not built' });
});

test('members that do not answer are not called Running', () => {
  const replica = { reports: new Map(), silent: new Map([[0, 'timed out']] as const), users: {} };
  expect(judged({}, { replica })).toMatchObject({
    state: 'Unknown',
    waitingFor: 'member 0 does not answer: timed out',
  });
});

test.each(['RECOVERING', 'STARTUP2', 'ROLLBACK'] as const)('a member in %s is named', (stateName) => {
  const replica = {
    reports: new Map([[0, sampleReport('a:1', stateName, [])]] as const),
    silent: new Map(),
    users: {},
  };
  expect(judged({}, { replica })).toMatchObject({
    state: 'Reconciling',
    waitingFor: `member 0 is in state ${stateName}`,
  });
});

test('a condition that is over says so instead of staying', () => {
  const conditions = ['ConfigIgnored', 'rsInit', 'userRoot'].map((type) => ({
    type,
    status: 'True' as const,
    lastTransitionTime: '2020-01-01T00:00:00Z',
  }));
  const instance = { ...sampleInstance(), status: { conditions } };
  const uninitialized = { ...sampleReport('a:1', 'STARTUP', []), membership: 'uninitialized' as const };
  const after = computeStatus(
    instance,
    sampleSnapshot(instance, [0]),
    findingsOf(instance, {
      replica: { reports: new Map([[0, uninitialized]] as const), silent: new Map(), users: { root: false } },
    }),
    NOW,
  ).conditions;
  expect(
    after?.slice(0, 3).map(({ type, status, lastTransitionTime }) => [type, status, lastTransitionTime]),
  ).toEqual([
    ['ConfigIgnored', 'False', NOW],
    ['rsInit', 'False', NOW],
    ['userRoot', 'False', NOW],
  ]);
});

describe('the reason of a pod that does not run', () => {
  const instance = sampleInstance();
  const reason = (status: object) => reasonOf(samplePod(instance, 0, { status }));

  test('is what the scheduler, the registry or mongod said', () => {
    expect(reasonOf(undefined)).toBe('no pod yet');
    expect(
      reason({
        phase: 'Pending',
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/2 nodes: Insufficient cpu.',
          },
        ],
      }),
    ).toBe('Unschedulable: 0/2 nodes: Insufficient cpu.');
    expect(
      reason({
        containerStatuses: [
          { name: 'mongo', state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } },
        ],
      }),
    ).toBe('ImagePullBackOff: no such image');
    expect(
      reason({
        containerStatuses: [
          {
            name: 'mongo',
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
            lastState: { terminated: { exitCode: 1, message: 'x\npermissions on /k are too open\n' } },
          },
        ],
      }),
    ).toBe('CrashLoopBackOff: mongo ended with exit code 1: permissions on /k are too open');
    expect(reason({ phase: 'Failed', reason: 'Evicted', message: 'disk' })).toBe('Evicted: disk');
  });

  test('is none while it comes up or runs', () => {
    expect(
      reason({
        initContainerStatuses: [{ name: 'prepare', state: { waiting: { reason: 'PodInitializing' } } }],
      }),
    ).toBeUndefined();
    expect(reasonOf(samplePod(instance, 0))).toBeUndefined();
  });
});
