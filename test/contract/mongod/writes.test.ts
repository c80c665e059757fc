import { readGolden, replay } from './support/golden';
import { type TestMember, TestSet, eventually, sleep } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** Writes, write concerns, reads by member and read concern, as recorded; then what a lost majority does to them. */
jest.setTimeout(60_000);

const set = new TestSet(15);
let members: TestMember[];
const clients = new Map<string, WireClient>();

const at = (index: number): TestMember => {
  const member = members[index];
  if (member === undefined) throw new Error(`no member ${index}`);
  return member;
};

beforeAll(async () => {
  members = [1, 2, 3].map((number) => set.member(number));
  await set.start(...members);
  const tag = (index: number): string => ['a', 'b', 'c'][index] ?? '';
  await set.initiate(
    members,
    members.map(({ host }, index) => ({
      _id: index,
      host,
      priority: index === 0 ? 2 : 1,
      tags: { cluster: tag(index) },
    })),
    { getLastErrorModes: { twoClusters: { cluster: 2 }, threeClusters: { cluster: 3 } } },
  );
  await at(0).ask({ createUser: 'root', pwd: 'root-pw', roles: ['root'], writeConcern: { w: 3 } });
  for (const index of [0, 1]) clients.set(at(index).host, await at(index).as('root', 'root-pw'));
}, 120_000);

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await set.end();
});

describe('as recorded', () => {
  const notAlike = /timing|batchSize 1|listDatabases$|listCollections|unknown field/;
  const exchanges = readGolden('writes', (number) => set.address(number)).filter(
    ({ step }) => !notAlike.test(step),
  );

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(40));

  test.each(exchanges.map((exchange) => [exchange.step, exchange] as const))('%s', async (step, exchange) => {
    const client = clients.get(exchange.at);
    if (client === undefined) throw new Error(`no client at ${exchange.at}`);
    if (step.startsWith('on a secondary: find')) await sleep(30);
    const { actual, recorded } = await replay(client, exchange);
    expect(actual).toEqual(recorded);
  });
});

describe('when two of three members die', () => {
  test('w: majority times out with 64, the primary steps down after ten seconds, its data stays readable', async () => {
    const client = clients.get(at(0).host);
    if (client === undefined) throw new Error('no client');
    await client.run({
      insert: 'm',
      documents: [{ _id: 'kept' }],
      writeConcern: { w: 'majority' },
      $db: 'd',
    });
    await Promise.all([at(1).stop('SIGKILL'), at(2).stop('SIGKILL')]);
    const killedAt = Date.now();
    const timedOut = await client.run({
      insert: 'm',
      documents: [{ _id: 'minority' }],
      writeConcern: { w: 'majority', wtimeout: 500 },
      $db: 'd',
    });
    expect(timedOut['writeConcernError']).toEqual({
      code: 64,
      codeName: 'WriteConcernFailed',
      errmsg: 'waiting for replication timed out',
      errInfo: { wtimeout: true },
    });
    const waiting = await client.run({
      insert: 'm',
      documents: [{ _id: 'hangs' }],
      writeConcern: { w: 'majority' },
      $db: 'd',
    });
    expect(waiting['writeConcernError']).toMatchObject({
      code: 11602,
      codeName: 'InterruptedDueToReplStateChange',
    });
    expect(Date.now() - killedAt).toBeGreaterThan(8000);
    expect(Date.now() - killedAt).toBeLessThan(14_000);
    expect(await client.run({ insert: 'm', documents: [{ a: 1 }], $db: 'd' })).toMatchObject({
      code: 10107,
      errmsg: 'not master',
    });
    const read = { find: 'm', $readPreference: { mode: 'secondaryPreferred' }, $db: 'd' };
    const local = await client.run(read);
    expect(JSON.stringify(local)).toContain('hangs');
    const majority = await client.run({ ...read, readConcern: { level: 'majority' } });
    expect(majority).toMatchObject({ cursor: { firstBatch: [{ _id: 'kept' }] } });
  }, 60_000);

  test('force at the survivor makes it writable and jumps the version (S4)', async () => {
    const survivor = at(0);
    const { config } = await survivor.ask({ replSetGetConfig: 1 });
    if (
      typeof config !== 'object' ||
      config === null ||
      !('members' in config) ||
      !Array.isArray(config.members)
    ) {
      throw new Error('no config');
    }
    const alone = { ...config, members: config.members.slice(0, 1), settings: {} };
    expect(await survivor.ask({ replSetReconfig: alone })).toMatchObject({ code: 10107 });
    expect(await survivor.ask({ replSetReconfig: alone, force: true })).toMatchObject({ ok: 1 });
    await eventually('the survivor is writable', async () =>
      (await survivor.ask({ isMaster: 1 }))['ismaster'] === true ? true : undefined,
    );
    const after = await survivor.ask({ replSetGetConfig: 1 });
    expect(JSON.stringify(after)).toMatch(/"version":\d{5,6}[,}]/);
    await at(1).start();
    await eventually('the returned member is REMOVED', async () => {
      const hello = await at(1).ask({ isMaster: 1 });
      return hello['info'] === 'Does not have a valid replica set config' && hello['setName'] === 'rs0'
        ? true
        : undefined;
    });
    expect(await at(1).ask({ replSetGetStatus: 1 })).toMatchObject({
      code: 93,
      errmsg: 'Our replica set config is invalid or we are not a member of it',
    });
  }, 60_000);
});
