import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, Timestamp } from 'bson';
import { type TestMember, TestSet, eventually, sleep } from '../support/test-set';

/** How data gets to members: initial sync, rollback to a common point, an oplog that is too short, restarts of all. */
jest.setTimeout(180_000);

const set = new TestSet();
let members: TestMember[];

const at = (index: number): TestMember => {
  const member = members[index];
  if (member === undefined) throw new Error(`no member ${index}`);
  return member;
};

const read = (collection: string): Document => ({
  find: collection,
  sort: { _id: 1 },
  batchSize: 1000,
  $readPreference: { mode: 'secondaryPreferred' },
  $db: 'd',
});

const idsAt = async (member: TestMember, collection: string): Promise<unknown> => {
  const { cursor } = await member.ask(read(collection));
  if (
    typeof cursor !== 'object' ||
    cursor === null ||
    !('firstBatch' in cursor) ||
    !Array.isArray(cursor.firstBatch)
  )
    return [];
  return cursor.firstBatch.map((doc: Document) => doc['_id'] as unknown);
};

const primaryOf = (candidates: readonly TestMember[]): Promise<TestMember> =>
  eventually('a writable primary', async () => {
    for (const member of candidates) {
      const hello = await member.ask({ isMaster: 1 }).catch(() => undefined);
      if (hello?.['ismaster'] === true) return member;
    }
    return undefined;
  });

const insert = (
  member: TestMember,
  collection: string,
  ids: unknown[],
  writeConcern: Document,
): Promise<Document> =>
  member.ask({ insert: collection, documents: ids.map((_id) => ({ _id })), writeConcern, $db: 'd' });

beforeAll(async () => {
  members = [1, 2, 3].map((number) => set.member(number, { flags: ['--oplogSize', '1'] }));
  await set.start(...members);
  await set.initiate(
    members,
    members.map(({ host }, index) => ({ _id: index, host, priority: index === 0 ? 2 : 1 })),
  );
});

afterAll(() => set.end());

test('an emptied member syncs anew and gets what it missed (S19)', async () => {
  const ids = Array.from({ length: 300 }, (_, index) => index);
  expect(await insert(at(0), 'bulk', ids, { w: 3 })).toMatchObject({ n: 300 });
  await at(2).stop('SIGKILL');
  rmSync(at(2).dbPath, { recursive: true, force: true });
  await insert(at(0), 'bulk', ['while away'], { w: 'majority' });
  mkdirSync(at(2).dbPath);
  await at(2).start();
  await set.settled(at(2));
  expect(await idsAt(at(2), 'bulk')).toEqual([...ids, 'while away']);
  const { initialSyncStatus } = await at(2).ask({ replSetGetStatus: 1, initialSync: 1 });
  expect(initialSyncStatus).toMatchObject({
    failedInitialSyncAttempts: 0,
    initialSyncAttempts: [{ status: 'OK' }],
  });
});

test('a primary that wrote alone rolls back to the common point and keeps the removed documents in a file', async () => {
  const old = await primaryOf(members);
  const others = members.filter((member) => member !== old);
  await insert(old, 'r', ['common'], { w: 3 });
  await sleep(300);
  const { rbid } = await old.ask({ replSetGetRBID: 1 });
  await Promise.all(others.map((member) => member.stop('SIGKILL')));
  await insert(old, 'r', ['lost-1'], { w: 1 });
  await insert(old, 'r', ['lost-2'], { w: 1, j: true });
  await old.ask({
    update: 'r',
    updates: [{ q: { _id: 'common' }, u: { $set: { changed: true } } }],
    $db: 'd',
  });
  await old.stop('SIGKILL');
  await Promise.all(others.map((member) => member.start()));
  const next = await primaryOf(others);
  await insert(next, 'r', ['kept'], { w: 'majority' });
  await old.start();
  await eventually('the old primary has the new history', async () => {
    const ids = await idsAt(old, 'r');
    return JSON.stringify(ids) === '["common","kept"]' ? true : undefined;
  });
  expect(await old.ask(read('r'))).toMatchObject({
    cursor: { firstBatch: [{ _id: 'common' }, { _id: 'kept' }] },
  });
  expect(JSON.stringify(await old.ask(read('r')))).not.toContain('changed');
  expect(await old.ask({ replSetGetRBID: 1 })).toMatchObject({ rbid: Number(rbid) + 1 });
  const folder = join(old.dbPath, 'rollback', 'd.r');
  expect(existsSync(folder)).toBe(true);
  expect(readdirSync(folder).some((name) => name.startsWith('removed.'))).toBe(true);
});

test('a member whose place in the oplog is gone stays RECOVERING (too stale)', async () => {
  const primary = await primaryOf(members);
  const stale = members.find((member) => member !== primary) ?? at(2);
  await stale.stop('SIGTERM');
  const text = 'x'.repeat(4000);
  for (let round = 0; round < 6; round += 1) {
    const documents = Array.from({ length: 100 }, (_, index) => ({ _id: `${round}/${index}`, text }));
    await primary.ask({ insert: 'fill', documents, writeConcern: { w: 'majority' }, $db: 'd' });
  }
  await stale.start();
  const state = await eventually('the stale member is RECOVERING', async () => {
    const { myState } = await stale.ask({ replSetGetStatus: 1 });
    return myState === 3 ? myState : undefined;
  });
  expect(state).toBe(3);
  expect(await stale.ask(read('fill'))).toMatchObject({ code: 13436, errmsg: 'node is recovering' });
  await stale.stop('SIGKILL');
  rmSync(stale.dbPath, { recursive: true, force: true });
  mkdirSync(stale.dbPath);
  await stale.start();
  await set.settled(stale);
});

test('all killed at once: the set comes back with config, users and data', async () => {
  const primary = await primaryOf(members);
  await primary.ask({ createUser: 'root', pwd: 'root-pw', roles: ['root'], writeConcern: { w: 'majority' } });
  await insert(primary, 'last', [1, 2, 3], { w: 'majority' });
  const { config } = await primary.ask({ replSetGetConfig: 1 });
  await Promise.all(members.map((member) => member.stop('SIGKILL')));
  await Promise.all(members.map((member) => member.start()));
  const next = await primaryOf(members);
  expect(await idsAt(next, 'last')).toEqual([1, 2, 3]);
  expect((await next.ask({ replSetGetConfig: 1 }))['config']).toEqual(config);
  (await next.as('root', 'root-pw')).close();
});

test('a vote given is not given again in the same term, even after kill -9', async () => {
  const primary = await primaryOf(members);
  const voter = members.find((member) => member !== primary) ?? at(1);
  await set.settled(voter);
  const ask = async (candidateIndex: number, term: number): Promise<Record<string, unknown>> =>
    voter.ask({
      replSetRequestVotes: 1,
      setName: 'rs0',
      dryRun: false,
      term,
      candidateIndex,
      configVersion: 1,
      lastCommittedOp: { ts: new Timestamp({ t: 4_000_000_000, i: 1 }), t: term },
    });
  const { term } = await voter.ask({ replSetGetStatus: 1 });
  const next = Number(term) + 5;
  const index = members.indexOf(voter);
  expect(await ask((index + 1) % 3, next)).toMatchObject({ voteGranted: true });
  await voter.stop('SIGKILL');
  await voter.start();
  const answer = await ask((index + 2) % 3, next);
  expect(answer).toMatchObject({ voteGranted: false });
  expect(answer['reason']).toMatch(
    /^already voted for another candidate|^candidate's term \(\d+\) is lower than mine/,
  );
});
