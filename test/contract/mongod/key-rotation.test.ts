import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { formatKeys } from '../../../src/mongodb/keyfile';
import { canSystemUsersSignIn, ensureSystemUsers, signInAsSystem } from '../../../src/mongodb/users';
import { eventually, type TestMember, TestSet } from './support/test-set';

/** S23 as FedState carries it out: keyfiles that it writes, one member restarted at a time, passwords changed on the way. */
jest.setTimeout(180_000);

const set = new TestSet();
const [old, next] = [randomBytes(756).toString('base64'), randomBytes(756).toString('base64')];
const PHASES = [formatKeys([old]), formatKeys([old, next]), formatKeys([next])] as const;

const configSchema = z.looseObject({ version: z.number(), members: z.array(z.looseObject({})) });

afterAll(() => set.end());

/** The same data folder with another keyfile, as a pod that is made again. */
async function restart(member: TestMember, octet: number, key: string): Promise<TestMember> {
  await member.stop('SIGTERM');
  const again = set.member(octet, { key });
  await set.start(again);
  return again;
}

const refused = (attempt: Promise<void>): Promise<void> =>
  expect(attempt).rejects.toMatchObject({ kind: 'Unauthorized' });

test('members with neighbouring keyfiles replicate to each other; one with the old key alone is let in nowhere at the end', async () => {
  let [first, second] = [set.member(1, { key: PHASES[0] }), set.member(2, { key: PHASES[0] })];
  await set.start(first, second);
  await set.initiate(
    [first, second],
    [
      { _id: 0, host: first.host },
      { _id: 1, host: second.host, votes: 0, priority: 0 },
    ],
    { electionTimeoutMillis: 1_000 },
  );
  const serves = (key: string): Promise<true> =>
    eventually('both serve, and the second follows', async () => {
      const client = await first.as('__system', key, 'local');
      const status = await client.run({ replSetGetStatus: 1, $db: 'admin' });
      client.close();
      const states = JSON.stringify(status['members']).match(/"stateStr":"(PRIMARY|SECONDARY)"/g);
      return states?.length === 2 ? true : undefined;
    });
  await serves(old);
  const passwords = { root: 'r-1', clusterAdmin: 'a-1', clusterMonitor: 'm-1' };
  await ensureSystemUsers(first.host, old, passwords);
  for (const [phase, key] of [
    [PHASES[1], old],
    [PHASES[2], next],
  ] as const) {
    second = await restart(second, 2, phase);
    await serves(key);
    first = await restart(first, 1, phase);
    await serves(key);
  }
  await set.initiated(first);
  // One was set when whoever set it was lost: the next sets the rest, and the same again.
  await ensureSystemUsers(first.host, next, { ...passwords, root: 'r-2' });
  const changed = { root: 'r-2', clusterAdmin: 'a-2', clusterMonitor: 'm-2' };
  expect(await ensureSystemUsers(first.host, next, changed)).toEqual({
    root: 'present',
    clusterAdmin: 'updated',
    clusterMonitor: 'updated',
  });
  expect(await canSystemUsersSignIn(first.host, changed)).toBe(true);
  expect(await canSystemUsersSignIn(first.host, passwords)).toBe(false);
  for (const member of [first, second]) {
    await signInAsSystem(member.host, next);
    await refused(signInAsSystem(member.host, old));
  }
  const late = set.member(3, { key: PHASES[0] });
  await set.start(late);
  const { config } = z.object({ config: configSchema }).parse(await first.ask({ replSetGetConfig: 1 }));
  const voters = {
    ...config,
    version: config.version + 1,
    members: [...config.members, { _id: 2, host: late.host }],
  };
  const answer = await first.ask({ replSetReconfig: voters });
  expect(answer).toMatchObject({ ok: 0, code: 74 });
  expect(answer['errmsg']).toContain('Authentication failed');
});
