import { MongoClient } from 'mongodb';
import type { Document } from 'bson';
import { findEngine } from './support/engine';
import { type TestMember, TestSet, eventually } from './support/test-set';

/** Rules that came after 4.2 (from public documentation): safe reconfiguration, newlyAdded, defaults, hello. */
jest.setTimeout(180_000);

const isStandIn = findEngine().name === 'stand-in';
const set = new TestSet();
let members: TestMember[];

const at = (index: number): TestMember => {
  const member = members[index];
  if (member === undefined) throw new Error(`no member ${index}`);
  return member;
};

const readConfig = async (): Promise<Document> => {
  const { config } = await at(0).ask({ replSetGetConfig: 1 });
  if (typeof config !== 'object' || config === null) throw new Error('no config');
  return config;
};

const reconfig = async (change: (list: Document[]) => Document[], more: Document = {}): Promise<Document> => {
  const config = await readConfig();
  const list: unknown = config['members'];
  const present = Array.isArray(list) ? list.map((one: Document) => ({ ...one })) : [];
  const version = Number(config['version']) + 1;
  return at(0).ask({ replSetReconfig: { ...config, version, members: change(present) }, ...more });
};

const committed = (): Promise<boolean> =>
  eventually('the config is committed', async () =>
    (await at(0).ask({ replSetGetConfig: 1, commitmentStatus: true }))['commitmentStatus'] === true
      ? true
      : undefined,
  );

(isStandIn ? describe : describe.skip)('release 7.0', () => {
  beforeAll(async () => {
    members = [1, 2, 3, 4, 5].map((number) => set.member(number, { environment: { MONGOD_DIALECT: '7.0' } }));
    await set.start(...members);
    await set.initiate(
      members.slice(0, 3),
      members.slice(0, 3).map(({ host }, index) => ({ _id: index, host, priority: index === 0 ? 2 : 1 })),
    );
    await at(0).ask({ createUser: 'root', pwd: 'root-pw', roles: ['root'], writeConcern: { w: 3 } });
  });

  afterAll(() => set.end());

  test('says what it is', async () => {
    const info = await at(0).ask({ buildInfo: 1 });
    expect(info).toMatchObject({ standIn: 'fedstate', modules: [] });
    expect(String(info['version'])).toMatch(/^7\.0\./);
  });

  test('the config has a term and is committed; the status counts votes (S1, S8)', async () => {
    await committed();
    expect(await readConfig()).toMatchObject({ term: 1 });
    expect(await at(0).ask({ replSetGetStatus: 1 })).toMatchObject({
      majorityVoteCount: 2,
      writeMajorityCount: 2,
      votingMembersCount: 3,
      writableVotingMembersCount: 3,
    });
  });

  test('at most one vote changes at a time (S1)', async () => {
    expect(
      await reconfig((list) =>
        list.map((one, index) => (index === 0 ? one : { ...one, votes: 0, priority: 0 })),
      ),
    ).toMatchObject({
      code: 103,
      errmsg: 'Non force replica set reconfig can only add or remove at most 1 voting member.',
    });
  });

  test('a voter that joins is newlyAdded until it is SECONDARY, then gets its vote (S10)', async () => {
    await committed();
    expect(await reconfig((list) => [...list, { _id: 3, host: at(3).host }])).toMatchObject({ ok: 1 });
    await set.settled(at(3));
    await eventually('it has its vote', async () => {
      const status = await at(0).ask({ replSetGetStatus: 1 });
      return status['votingMembersCount'] === 4 ? true : undefined;
    });
  });

  test('an arbiter that would change the implicit default needs setDefaultRWConcern first (S17)', async () => {
    await committed();
    await reconfig((list) => list.filter((one) => one['_id'] !== 3));
    await committed();
    await reconfig((list) => list.filter((one) => one['_id'] !== 2));
    await committed();
    const arbiter = { _id: 4, host: at(4).host, arbiterOnly: true, priority: 0 };
    const refused = await reconfig((list) => [...list, arbiter]);
    expect(refused).toMatchObject({ code: 103 });
    expect(refused['errmsg']).toContain('setDefaultRWConcern');
    expect(
      await at(0).ask({
        setDefaultRWConcern: 1,
        defaultWriteConcern: { w: 1 },
        writeConcern: { w: 'majority' },
      }),
    ).toMatchObject({ ok: 1, defaultWriteConcern: { w: 1 } });
    expect(await reconfig((list) => [...list, arbiter])).toMatchObject({ ok: 1 });
    await set.settled(at(4));
  });

  test('an awaitable hello answers when something changes, not before (S31)', async () => {
    const client = await at(1).asSystem();
    const first = await client.run({ hello: 1, $db: 'admin' });
    const startedAt = Date.now();
    const wait = {
      hello: 1,
      topologyVersion: first['topologyVersion'] as unknown,
      maxAwaitTimeMS: 600,
      $db: 'admin',
    };
    await client.run(wait);
    expect(Date.now() - startedAt).toBeGreaterThan(500);
    client.close();
  });

  test('the official driver finds the set, logs in and keeps working through a step-down', async () => {
    const hosts = [at(0), at(1)].map(({ host }) => host).join(',');
    const client = new MongoClient(`mongodb://root:root-pw@${hosts}/?replicaSet=rs0&authSource=admin`, {
      serverSelectionTimeoutMS: 30_000,
    });
    try {
      await client.connect();
      const { insertedId } = await client
        .db('d')
        .collection<{ _id: string }>('t')
        .insertOne({ _id: 'x' }, { writeConcern: { w: 1 } });
      expect(insertedId).toBe('x');
      expect(await at(0).ask({ replSetStepDown: 30, secondaryCatchUpPeriodSecs: 10 })).toMatchObject({
        ok: 1,
      });
      await client
        .db('d')
        .collection<{ _id: string }>('t')
        .insertOne({ _id: 'y' }, { writeConcern: { w: 1 } });
      expect(await client.db('d').collection('t').countDocuments()).toBe(2);
    } finally {
      await client.close();
    }
  });
});
