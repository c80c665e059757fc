import { type Exchange, readGolden, replay } from './support/golden';
import { type TestMember, TestSet } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** Users and what their roles allow, word for word. */
jest.setTimeout(60_000);

const set = new TestSet(14);
let first: TestMember;
let second: TestMember;
const clients = new Map<string, WireClient>();

const clientFor = async (exchange: Exchange): Promise<WireClient> => {
  const onSecond = exchange.at.startsWith(set.address(2));
  const key = `${exchange.as} ${onSecond ? 2 : 1}`;
  const known = clients.get(key);
  if (known !== undefined) return known;
  const member = onSecond ? second : first;
  const passwords: Record<string, string> = {
    root: 'root-pw',
    clusterAdmin: 'admin-pw',
    clusterMonitor: 'monitor-pw',
  };
  const password = passwords[exchange.as];
  const open = (): Promise<WireClient> => {
    if (exchange.as === 'nobody') return member.connect();
    return password === undefined ? member.asSystem() : member.as(exchange.as, password);
  };
  const client = await open();
  clients.set(key, client);
  return client;
};

beforeAll(async () => {
  first = set.member(1);
  second = set.member(2);
  const arbiter = set.member(3);
  await set.start(first, second, arbiter);
  await set.initiate(
    [first, second, arbiter],
    [
      { _id: 0, host: first.host, priority: 2 },
      { _id: 1, host: second.host },
      { _id: 2, host: arbiter.host, arbiterOnly: true },
    ],
  );
}, 120_000);

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await set.end();
});

describe('commands about users', () => {
  const exchanges = readGolden('users', (number) => set.address(number));

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(35));

  test.each(exchanges.map((exchange) => [exchange.step, exchange] as const))('%s', async (_, exchange) => {
    const { actual, recorded } = await replay(await clientFor(exchange), exchange);
    expect(actual).toEqual(recorded);
  });

  test('a dropped user is logged out where it was logged in', async () => {
    await first.ask({
      createUser: 'leaver',
      pwd: 'x',
      roles: ['clusterMonitor'],
      writeConcern: { w: 'majority' },
    });
    const leaver = await first.as('leaver', 'x');
    expect(await leaver.run({ replSetGetStatus: 1, $db: 'admin' })).toMatchObject({ ok: 1, myState: 1 });
    await first.ask({ dropUser: 'leaver', writeConcern: { w: 'majority' } });
    expect(await leaver.run({ replSetGetStatus: 1, $db: 'admin' })).toMatchObject({
      code: 13,
      errmsg: 'command replSetGetStatus requires authentication',
    });
    leaver.close();
  });

  test('the users are on the secondary, which lets them in', async () => {
    const client = await second.as('root', 'root-pw');
    expect(await client.run({ ping: 1, $db: 'admin' })).toMatchObject({ ok: 1 });
    client.close();
    await expect(second.as('root', 'wrong')).rejects.toThrow('18 Authentication failed.');
  });
});

describe('what roles allow', () => {
  // The recorded server answers a second log rotation in the same second with an empty error.
  const exchanges = readGolden('rights', (number) => set.address(number)).filter(
    ({ step }) => step !== 'root may: logRotate' && !/may: createUser$/.test(step),
  );

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(130));

  test.each(exchanges.map((exchange) => [exchange.step, exchange] as const))('%s', async (_, exchange) => {
    const { actual, recorded } = await replay(await clientFor(exchange), exchange, { partial: true });
    expect(actual).toEqual(recorded);
  });
});
