import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanInput, PlanOutcome } from '../../../src/domain/plan';
import type { DesiredMember } from '../../../src/domain/replica-set';
import type { Access } from '../../../src/mongodb/connect';
import { executeStep, type StepContext } from '../../../src/mongodb/execute-step';
import { findPrimary, freeze, stepDown } from '../../../src/mongodb/election';
import { observeReplicaSet, reportMember } from '../../../src/mongodb/observe';
import { readConfig, reconfigure } from '../../../src/mongodb/reconfig';
import { canSystemUsersSignIn, ensureApplicationUsers, ensureSystemUsers } from '../../../src/mongodb/users';
import { watchMember, type MemberSight } from '../../../src/mongodb/watch';
import { planMembership } from '../../../src/planner/plan-membership';
import { engine, startMongods, type MongodFleet } from './mongod-process';

/** Where nothing listens. */
const ABSENT = '127.9.9.9:27017';
const PASSWORDS = { root: 'r@:/?#[]%&+ "\'\\$`', clusterAdmin: 'ca-pw', clusterMonitor: 'cm-pw' };

describe.each(['4.2', '7.0'])('the engine against %s', (dialect) => {
  // A true server has one version: the second round would only repeat the first.
  if (engine.name !== 'stand-in' && dialect !== '4.2') {
    test.skip('a true server is asked once', () => undefined);
    return;
  }

  let fleet: MongodFleet;
  let access: Access;
  let context: StepContext;
  const hosts = (): string[] => fleet.members.map(({ host }) => host);

  beforeAll(async () => {
    fleet = await startMongods(4, { MONGOD_DIALECT: dialect });
    access = { credentials: { kind: 'keyfile', key: fleet.keyfile } };
    context = { hosts: hosts(), keyfile: fleet.keyfile, passwords: PASSWORDS };
    await until(async () => (await observeReplicaSet(hosts(), access)).reports.length === 4);
  });
  afterAll(() => fleet.stop());

  const wish = (index: number, fields: Partial<DesiredMember> = {}): DesiredMember => ({
    cluster: `cluster-${index}`,
    ordinal: 0,
    host: hosts()[index] ?? '',
    votes: 1,
    priority: 1,
    hidden: false,
    secondaryDelaySecs: 0,
    tags: { cluster: `cluster-${index}` },
    ...fields,
  });

  async function plan(desired: readonly DesiredMember[], existed = true): Promise<PlanOutcome> {
    const observation = await observeReplicaSet(
      desired.map(({ host }) => host),
      access,
    );
    const usersReady = existed && (await canSystemUsersSignIn(await primaryHost(), PASSWORDS));
    const input: PlanInput = {
      setName: 'replset-0',
      generation: 1,
      desired,
      observation,
      seedHost: hosts()[0] ?? '',
      existed,
      usersReady,
    };
    return planMembership(input);
  }

  async function run(desired: readonly DesiredMember[], existed = true): Promise<string[]> {
    const outcome = await planWhenSeen(desired, existed);
    const kinds: string[] = [];
    for (const step of outcome.plan.steps) {
      await executeStep(step, context);
      kinds.push(step.kind);
    }
    return kinds;
  }

  /** A member that has just come is seen by most others a heartbeat later: the workflow too looks again on a wait. */
  async function planWhenSeen(
    desired: readonly DesiredMember[],
    existed: boolean,
  ): Promise<Extract<PlanOutcome, { kind: 'plan' }>> {
    let outcome = await plan(desired, existed);
    await until(async () => {
      if (outcome.kind === 'wait') outcome = await plan(desired, existed);
      return outcome.kind !== 'wait';
    });
    if (outcome.kind !== 'plan') throw new Error(JSON.stringify(outcome));
    return outcome;
  }

  async function primaryHost(): Promise<string> {
    let found: string | undefined;
    await until(async () => {
      found = await findPrimary(hosts(), { ...access, options: { connectTimeoutMs: 1_000 } });
      return found !== undefined;
    });
    return found ?? '';
  }

  const expectSettled = async (desired: readonly DesiredMember[]): Promise<void> => {
    await expect(plan(desired)).resolves.toMatchObject({ kind: 'plan', plan: { steps: [] } });
  };

  test('members that were never initiated are seen as such, without any user', async () => {
    const { reports, unreachable } = await observeReplicaSet([...hosts(), ABSENT], {
      ...access,
      options: { connectTimeoutMs: 1_000 },
    });
    expect(reports.map(({ membership }) => membership)).toEqual(Array(4).fill('uninitialized'));
    expect(unreachable.map(({ host }) => host)).toEqual([ABSENT]);
    await expect(
      reportMember(hosts()[0] ?? '', { credentials: { kind: 'keyfile', key: 'd3Jvbmc=' } }),
    ).rejects.toMatchObject({ kind: 'Unauthorized' });
  });

  test('three empty members become a set with users, and nothing is left to do', async () => {
    const three = [wish(0), wish(1), wish(2)];
    expect(await run(three, false)).toEqual(['initiate', 'stepUp', 'createUsers']);
    expect(await primaryHost()).toBe(hosts()[0]);
    await until(async () => {
      const { reports } = await observeReplicaSet(hosts().slice(0, 3), access);
      return reports.every(({ stateName }) => stateName === 'PRIMARY' || stateName === 'SECONDARY');
    });
    await expectSettled(three);
  });

  test('users are made once, follow their password, and take any character', async () => {
    const primary = await primaryHost();
    expect(await ensureSystemUsers(primary, fleet.keyfile, PASSWORDS)).toEqual({
      root: 'present',
      clusterAdmin: 'present',
      clusterMonitor: 'present',
    });
    const changed = { ...PASSWORDS, clusterMonitor: 'other' };
    expect(await canSystemUsersSignIn(primary, changed)).toBe(false);
    expect(await ensureSystemUsers(primary, fleet.keyfile, changed)).toMatchObject({
      clusterMonitor: 'updated',
    });
    expect(await ensureSystemUsers(primary, fleet.keyfile, PASSWORDS)).toMatchObject({
      clusterMonitor: 'updated',
    });
    const root: Access = { credentials: { kind: 'user', username: 'root', password: PASSWORDS.root } };
    const shop = { name: 'shop', password: 'pä:ss', roles: [{ role: 'readWrite', db: 'shop' }] };
    expect(await ensureApplicationUsers(primary, root, [shop])).toEqual({ shop: 'created' });
    const monitor: Access = {
      credentials: { kind: 'user', username: 'clusterMonitor', password: PASSWORDS.clusterMonitor },
    };
    await expect(ensureApplicationUsers(primary, monitor, [shop])).rejects.toMatchObject({
      kind: 'Unauthorized',
    });
    expect((await reportMember(primary, monitor)).views).toHaveLength(3);
  });

  test('two more join without a vote, sync, and vote one after the other (S1, S5, S10)', async () => {
    const four = [wish(0), wish(1), wish(2), wish(3, { votes: 0, priority: 0 })];
    expect(await run(four)).toEqual(['addMember']);
    const voting = [wish(0), wish(1), wish(2, { votes: 0, priority: 0 }), wish(3)];
    const kinds = await run(voting);
    expect(kinds.filter((kind) => kind !== 'waitSync').sort()).toEqual([
      'grantVote',
      'revokeVote',
      'setPriority',
    ]);
    await expectSettled(voting);
    const members = (await readConfig(await primaryHost(), access)).members;
    expect(members.map(({ _id, votes }) => [_id, votes])).toEqual([
      [0, 1],
      [1, 1],
      [2, 0],
      [3, 1],
    ]);
  });

  test('the primary is removed after it stepped down, and then knows that it is out (S9, S11)', async () => {
    const primary = await primaryHost();
    const rest = [wish(1), wish(2), wish(3)];
    const kinds = await run(rest);
    expect(kinds.indexOf('stepDown')).toBeLessThan(kinds.indexOf('removeMember'));
    expect(kinds).toContain('stepDown');
    await expectSettled(rest);
    expect(await primaryHost()).not.toBe(primary);
    await until(async () => (await reportMember(primary, access)).membership === 'removed');
  });

  test('one that was removed comes back under a new _id (S5)', async () => {
    const all = [wish(0), wish(1), wish(2, { votes: 0, priority: 0 }), wish(3)];
    await run(all);
    await expectSettled(all);
    const { members } = await readConfig(await primaryHost(), access);
    expect(members.find(({ host }) => host === hosts()[0])?._id).toBe(4);
  });

  test('an edit of a configuration that has moved on is superseded (S3)', async () => {
    const primary = await primaryHost();
    const { version, term } = await readConfig(primary, access);
    await expect(
      reconfigure(primary, access, { version: version - 1, term }, (config) => config),
    ).rejects.toMatchObject({ kind: 'Superseded' });
    const next = await reconfigure(primary, access, { version, term }, (config) => config);
    expect(next.version).toBe(version + 1);
  });

  test('a step-down is followed by the watch, and refused while nobody else may lead (S14, S31)', async () => {
    const primary = await primaryHost();
    const sights: MemberSight[] = [];
    const abort = new AbortController();
    const watching = watchMember(primary, {}, abort.signal, (sight) => sights.push(sight));
    await until(() => Promise.resolve(sights.some(({ type }) => type === 'RSPrimary')));
    expect(await stepDown(primary, access, { secs: 30, catchUpSecs: 5 })).toBe('steppedDown');
    await until(() => Promise.resolve(sights.at(-1)?.type === 'RSSecondary'));
    const successor = await primaryHost();
    expect(successor).not.toBe(primary);
    expect(await stepDown(primary, access)).toBe('wasNotPrimary');
    await expect(freeze(successor, access, 10)).rejects.toMatchObject({ kind: 'Refused' });
    await until(() => Promise.resolve(sights.at(-1)?.primaryHost === successor));
    abort.abort();
    await watching;
  });

  test('with the majority dead nothing is planned, and the dead are named (S9, S29)', async () => {
    const members = (await readConfig(await primaryHost(), access)).members;
    const voters = members.filter(({ votes }) => votes === 1).map(({ host }) => host);
    expect(voters).toHaveLength(3);
    const dead = voters.slice(0, 2);
    for (const member of fleet.members) if (dead.includes(member.host)) await member.kill('SIGKILL');
    const outcome = planMembership({
      setName: 'replset-0',
      generation: 2,
      desired: [wish(0), wish(1), wish(3)],
      observation: await observeReplicaSet(hosts(), { ...access, options: { connectTimeoutMs: 1_000 } }),
      seedHost: hosts()[0] ?? '',
      existed: true,
      usersReady: true,
    });
    // Until it steps down itself, a primary that lost its majority may still call itself one.
    expect(outcome.kind).toBe('wait');
    if (outcome.kind === 'wait') expect(outcome.waitingFor).toEqual(expect.arrayContaining(dead));
  });
});

async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('waited 30 s in vain');
    await sleep(200);
  }
}

jest.setTimeout(60_000);
