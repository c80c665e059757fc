import { readGolden, replay } from './support/golden';
import { type TestMember, TestSet } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** What a server without configuration answers, and how its first user comes to be. */
jest.setTimeout(180_000);

const set = new TestSet();
let member: TestMember;
const clients = new Map<string, WireClient>();

beforeAll(async () => {
  member = set.member(1);
  await set.start(member);
  clients.set('nobody', await member.connect());
  clients.set('__system (remote)', await member.asSystem());
});

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await set.end();
});

/** A caller without login from another address cannot be had on loopback. */
const reachable = (as: string): boolean => as === 'nobody' || as === '__system (remote)';

describe('before initiation', () => {
  const exchanges = readGolden('before-initiate', (number) => set.address(number)).filter(({ as }) =>
    reachable(as),
  );

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(50));

  test.each(exchanges.map((exchange) => [`${exchange.as}: ${exchange.step}`, exchange] as const))(
    '%s',
    async (_, exchange) => {
      const client = clients.get(exchange.as);
      if (client === undefined) throw new Error(`no client for ${exchange.as}`);
      const { actual, recorded } = await replay(client, exchange);
      expect(actual).toEqual(recorded);
    },
  );
});

describe('localhost exception and first user', () => {
  const exchanges = readGolden('first-user', (number) => set.address(number)).filter(
    ({ as }) => as === 'nobody',
  );

  test('goes as recorded, step by step', async () => {
    const client = await member.connect();
    const differing: unknown[] = [];
    for (const exchange of exchanges) {
      const { actual, recorded } = await replay(client, exchange);
      if ('replSetInitiate' in exchange.command) await waitWritable(client);
      if (JSON.stringify(actual) !== JSON.stringify(recorded))
        differing.push({ step: exchange.step, actual, recorded });
    }
    client.close();
    expect(differing).toEqual([]);
    expect(exchanges.length).toBeGreaterThan(12);
  });
});

const waitWritable = async (client: WireClient): Promise<void> => {
  for (;;) {
    const hello: Record<string, unknown> = await client.run({ isMaster: 1, $db: 'admin' });
    if (hello['ismaster'] === true && JSON.stringify(hello['lastWrite']).includes('majorityOpTime')) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
