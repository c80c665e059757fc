import {
  buildInfoSchema,
  getConfigSchema,
  helloSchema,
  statusSchema,
  type RawConfig,
} from '../../../src/mongodb/answers';
import { toReport } from '../../../src/mongodb/member-report';
import { readGoldens } from './goldens';

const DATE = new Date('2026-11-26T10:00:00Z');
const goldens = readGoldens();
const { version } = buildInfoSchema.parse(goldens.answer('buildInfo'));
const hello = (name: string) => helloSchema.parse(goldens.answer(name));
const status = (name: string) => statusSchema.parse(goldens.answer(name));
const config = (name: string): RawConfig => getConfigSchema.parse(goldens.answer(name)).config;

describe('a report made of recorded answers of a true 4.2', () => {
  test('a member that was never initiated has no configuration and no role', () => {
    expect(toReport('x:1', { version, hello: hello('helloUninitialized') })).toMatchObject({
      host: 'x:1',
      version: '4.2.0',
      membership: 'uninitialized',
      stateName: 'STARTUP',
      config: undefined,
      views: [],
    });
  });

  test('a primary tells its set, its configuration and how it sees every member', () => {
    const report = toReport('127.0.41.1:27017', {
      version,
      hello: hello('helloPrimary'),
      status: status('statusPrimary'),
      config: config('config'),
    });
    expect(report).toMatchObject({
      membership: 'member',
      stateName: 'PRIMARY',
      setName: 'rs0',
      primaryHost: '127.0.41.1:27017',
      term: 1,
    });
    expect(report.config).toMatchObject({ _id: 'rs0', version: 3 });
    expect(report.config?.replicaSetId).toMatch(/^[0-9a-f]{24}$/);
    expect(report.views.map(({ stateName, self }) => [stateName, self])).toEqual([
      ['PRIMARY', true],
      ['SECONDARY', false],
      ['SECONDARY', false],
      ['SECONDARY', false],
      ['ARBITER', false],
      ['SECONDARY', false],
    ]);
    expect(report.views[0]?.optime).toMatchObject({ term: 1 });
    expect(report.views[0]?.configVersion).toBe(3);
  });

  test('a silence is told by the clock of the one that hears nothing', () => {
    const answer = status('statusPrimary');
    const heard = (member: (typeof answer.members)[number], before: number | undefined) => ({
      ...member,
      lastHeartbeatRecv: before === undefined ? new Date(0) : new Date(DATE.getTime() - before),
    });
    const [self, first, second, ...rest] = answer.members;
    if (self === undefined || first === undefined || second === undefined) throw new Error('too few');
    const members = [self, heard(first, 12_295), heard(second, undefined), ...rest];
    const silences = (date: Date | undefined) =>
      toReport('x:1', { version, hello: hello('helloPrimary'), status: { ...answer, date, members } })
        .views.slice(0, 3)
        .map(({ silentSeconds }) => silentSeconds);
    expect(silences(DATE)).toEqual([undefined, 12.295, undefined]);
    expect(silences(undefined)).toEqual([undefined, undefined, undefined]);
    expect(answer.date).toBeInstanceOf(Date);
    expect(answer.members.slice(1).every((one) => one.lastHeartbeatRecv instanceof Date)).toBe(true);
  });

  test('the delay of an old server is the delay of the domain', () => {
    const delays = toReport('x:1', {
      version,
      hello: hello('helloPrimary'),
      status: status('statusPrimary'),
      config: config('configDelayed'),
    }).config?.members.map((member) => [member.secondaryDelaySecs, member.hidden, member.priority]);
    expect(delays).toContainEqual([5, true, 0]);
  });

  test('an arbiter is one also when only hello could be asked', () => {
    const full = toReport('a:1', { version, hello: hello('helloArbiter'), status: status('statusArbiter') });
    expect(full).toMatchObject({ membership: 'member', stateName: 'ARBITER' });
    const bare = toReport('a:1', { version, hello: hello('helloArbiter') });
    expect(bare).toMatchObject({ membership: 'member', stateName: 'ARBITER', views: [] });
  });

  test('a removed member holds a configuration that it is not in', () => {
    const report = toReport('127.0.45.1:27017', {
      version,
      hello: hello('helloRemoved'),
      config: config('configRemoved'),
    });
    expect(report).toMatchObject({ membership: 'removed', stateName: 'REMOVED', setName: 'rs0' });
    expect(report.config?.members.map(({ host }) => host)).not.toContain('127.0.45.1:27017');
  });

  test('a member that no heartbeat has reached (health -1) counts as down', () => {
    const report = toReport('127.0.41.1:27017', {
      version,
      hello: hello('helloPrimary'),
      status: status('statusJustAdded'),
      config: config('config'),
    });
    expect(report.views.at(-1)).toMatchObject({ health: 0, stateName: 'UNKNOWN', configVersion: -1 });
  });
});
