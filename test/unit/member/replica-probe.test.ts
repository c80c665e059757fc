import { FedStateError } from '../../../src/domain/errors';
import { createReplicaProbe, memberHosts, type MemberQuestions } from '../../../src/member/replica-probe';
import { sampleInstance } from './sample-instance';
import { samplePod, sampleReport, sampleSnapshot } from './sample-objects';

const instance = sampleInstance({ members: 2 });
const credentials = {
  rootPassword: 'r',
  clusterAdminPassword: 'a',
  clusterMonitorPassword: 'm',
  keyfile: 'k',
};
const refused = new FedStateError('Unauthorized', 'Authentication failed.');

function probeOf(over: Partial<MemberQuestions> = {}) {
  const asked: string[] = [];
  let now = 0;
  const probe = createReplicaProbe(
    {
      report: (host) => Promise.resolve(sampleReport(host, 'PRIMARY', [])),
      signIn: (host, user, password) => {
        asked.push(`${user}:${password}@${host}`);
        return Promise.resolve();
      },
      ...over,
    },
    () => now,
  );
  return { asked, probe, at: (ms: number) => (now = ms) };
}

test('only members whose mongod runs are asked, at their pod address', () => {
  const pods = new Map([
    [0, samplePod(instance, 0)],
    [
      1,
      samplePod(instance, 1, {
        status: { podIP: 'fd00::7', containerStatuses: [{ name: 'mongo', state: { running: {} } }] },
      }),
    ],
    [
      2,
      samplePod(instance, 2, {
        status: { podIP: '10.0.0.9', containerStatuses: [{ name: 'mongo', state: { waiting: {} } }] },
      }),
    ],
    [3, samplePod(instance, 3, { status: {} })],
  ] as const);
  expect([...memberHosts(sampleSnapshot(instance, [0, 1], { pods }))]).toEqual([
    [0, '10.0.0.7:27017'],
    [1, '[fd00::7]:27017'],
  ]);
});

test('a silent member is told with its reason, the others still count', async () => {
  const { probe } = probeOf({
    report: () => Promise.reject(new FedStateError('Unreachable', 'timed out')),
  });
  const found = await probe.ask(instance, sampleSnapshot(instance, [0]), credentials);
  expect(found.silent).toEqual(new Map([[0, 'timed out']]));
  expect(found.users).toEqual({});
});

test('users that sign in are asked again after ten minutes or with new passwords', async () => {
  const { asked, probe, at } = probeOf();
  const snapshot = sampleSnapshot(instance, [0]);
  const all = { root: true, clusterAdmin: true, clusterMonitor: true };
  expect((await probe.ask(instance, snapshot, credentials)).users).toEqual(all);
  expect((await probe.ask(instance, snapshot, credentials)).users).toEqual(all);
  expect(asked).toHaveLength(3);
  await probe.ask(instance, snapshot, { ...credentials, rootPassword: 'new' });
  expect(asked).toHaveLength(6);
  at(601_000);
  await probe.ask(instance, snapshot, { ...credentials, rootPassword: 'new' });
  expect(asked).toHaveLength(9);
});

test('a refused password is false, a lost connection is nothing known', async () => {
  const refuse = probeOf({
    signIn: (_host, user) => (user === 'root' ? Promise.resolve() : Promise.reject(refused)),
  });
  expect((await refuse.probe.ask(instance, sampleSnapshot(instance, [0]), credentials)).users).toEqual({
    root: true,
    clusterAdmin: false,
    clusterMonitor: false,
  });
  const lost = probeOf({ signIn: () => Promise.reject(new FedStateError('Unreachable', 'gone')) });
  expect((await lost.probe.ask(instance, sampleSnapshot(instance, [0]), credentials)).users).toEqual({});
});

test('an arbiter holds no users: nobody is asked to sign in there', async () => {
  const { asked, probe } = probeOf({ report: (host) => Promise.resolve(sampleReport(host, 'ARBITER', [])) });
  await probe.ask(instance, sampleSnapshot(instance, ['arbiter']), credentials);
  expect(asked).toEqual([]);
});
