import { readGolden, replay } from './support/golden';
import { type TestMember, TestSet, eventually, sleep } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** Step-down, freeze, hand-over, and how long each way of losing a primary takes (S14, S15, S18). */
jest.setTimeout(60_000);

const set = new TestSet(17);
let members: TestMember[];
const clients: WireClient[] = [];

const primary = (): Promise<TestMember> =>
  eventually('a writable primary', async () => {
    for (const member of members) {
      const hello = await member.ask({ isMaster: 1 }).catch(() => undefined);
      if (hello?.['ismaster'] === true) return member;
    }
    return undefined;
  });

const others = (member: TestMember): [TestMember, TestMember] => {
  const [one, two] = members.filter((candidate) => candidate !== member);
  if (one === undefined || two === undefined) throw new Error('three members');
  return [one, two];
};

const caughtUp = (): Promise<boolean> =>
  eventually('all members have the same', async () => {
    const statuses = await Promise.all(members.map((member) => member.ask({ isMaster: 1 })));
    const writes = statuses.map((hello) => JSON.stringify(hello['lastWrite']).slice(0, 60));
    return new Set(writes).size === 1 ? true : undefined;
  });

beforeAll(async () => {
  members = [1, 2, 3].map((number) => set.member(number));
  await set.start(...members);
  await set.initiate(
    members,
    members.map(({ host }, index) => ({ _id: index, host })),
  );
  const [first] = members;
  await first?.ask({ createUser: 'root', pwd: 'root-pw', roles: ['root'], writeConcern: { w: 3 } });
}, 120_000);

afterAll(async () => {
  for (const client of clients) client.close();
  await set.end();
});

describe('refusals and freezing', () => {
  const exchanges = readGolden('step-down', (number) => set.address(number));

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(10));

  test.each(exchanges.map((exchange) => [exchange.step, exchange] as const))('%s', async (_, exchange) => {
    const member = members.find(({ host }) => host === exchange.at);
    if (member === undefined) throw new Error(`no member at ${exchange.at}`);
    const client = await member.as('root', 'root-pw');
    clients.push(client);
    const { actual, recorded } = await replay(client, exchange);
    expect(actual).toEqual(recorded);
  });
});

describe('hand-over', () => {
  test('a step-down has a successor in less than three seconds (recorded: 2 s until writable)', async () => {
    await caughtUp();
    const old = await primary();
    const startedAt = Date.now();
    expect(await old.ask({ replSetStepDown: 30, secondaryCatchUpPeriodSecs: 10 })).toMatchObject({ ok: 1 });
    const next = await primary();
    expect(next).not.toBe(old);
    expect(Date.now() - startedAt).toBeLessThan(6000);
    expect(await old.ask({ insert: 't', documents: [{ a: 1 }], $db: 'd' })).toMatchObject({ code: 10107 });
  }, 60_000);

  test('without an electable secondary it is refused with 262, and the primary stays (S14)', async () => {
    const old = await primary();
    const [one, two] = others(old);
    one.signal('SIGSTOP');
    two.signal('SIGSTOP');
    try {
      await old.ask({ insert: 't', documents: [{ _id: 'behind' }], $db: 'd' });
      const reply = await old.ask({ replSetStepDown: 20, secondaryCatchUpPeriodSecs: 1 });
      expect(reply['code']).toBe(262);
      expect(reply['errmsg']).toMatch(
        /^No electable secondaries caught up as of .+ Please use the replSetStepDown command with the argument \{force: true\} to force node to step down\.$/,
      );
      expect(await old.ask({ isMaster: 1 })).toMatchObject({ ismaster: true });
    } finally {
      one.signal('SIGCONT');
      two.signal('SIGCONT');
    }
  }, 60_000);

  test('freezing the other candidate aims it (S15)', async () => {
    await caughtUp();
    const old = await primary();
    const [frozen, wanted] = others(old);
    expect(await frozen.ask({ replSetFreeze: 60 })).toMatchObject({ ok: 1 });
    await old.ask({ replSetStepDown: 60, secondaryCatchUpPeriodSecs: 10 });
    expect((await primary()).host).toBe(wanted.host);
    expect(await frozen.ask({ replSetFreeze: 0 })).toMatchObject({ ok: 1, info: 'unfreezing' });
  }, 60_000);
});

describe('losing the primary', () => {
  test('SIGTERM: it hands over, ends with 0, a successor is writable in about two seconds', async () => {
    await caughtUp();
    const old = await primary();
    const startedAt = Date.now();
    const code = await old.stop('SIGTERM');
    expect(code).toBe(0);
    await primary();
    expect(Date.now() - startedAt).toBeLessThan(6000);
    await old.start();
    await set.settled(old);
  }, 90_000);

  test('kill -9: no successor before the election timeout, one soon after (S18); the old one comes back with its data', async () => {
    await caughtUp();
    const old = await primary();
    await old.ask({
      insert: 't',
      documents: [{ _id: 'durable' }],
      writeConcern: { w: 'majority' },
      $db: 'd',
    });
    await sleep(2500);
    const startedAt = Date.now();
    await old.stop('SIGKILL');
    await primary();
    const took = Date.now() - startedAt;
    expect(took).toBeGreaterThan(8000);
    expect(took).toBeLessThan(20_000);
    await old.start();
    await set.settled(old);
    const found = await old.ask({
      find: 't',
      filter: { _id: 'durable' },
      $readPreference: { mode: 'secondary' },
      $db: 'd',
    });
    expect(found).toMatchObject({ cursor: { firstBatch: [{ _id: 'durable' }] } });
  }, 90_000);
});
