import { Double, Int32, Long, ObjectId } from 'bson';
import { readGolden, replay } from './support/golden';
import { type TestMember, TestSet } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** What replSetInitiate and replSetReconfig refuse, word for word (S5, S6, S25). */
jest.setTimeout(60_000);

const set = new TestSet(13);
let first: TestMember;
let client: WireClient;

beforeAll(async () => {
  first = set.member(1);
  await set.start(first);
  client = await first.asSystem();
}, 90_000);

afterAll(async () => {
  client.close();
  await set.end();
});

/** A second address of the first member cannot be had with one --bind_ip. */
const unreachable = /two addresses/;

describe('replSetInitiate refuses', () => {
  const exchanges = readGolden('initiate-refusals', (number) => set.address(number)).filter(
    ({ step, error }) => error !== undefined && !unreachable.test(step),
  );

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(50));

  test.each(exchanges.map((exchange) => [exchange.step, exchange] as const))('%s', async (_, exchange) => {
    const { actual, recorded } = await replay(client, exchange);
    expect(actual).toEqual(recorded);
  });
});

describe('replSetReconfig refuses', () => {
  const exchanges = readGolden('reconfig-refusals', (number) => set.address(number)).filter(
    ({ at, as, error }) => error !== undefined && as === '__system' && at.startsWith(set.address(1)),
  );
  let replicaSetId = new ObjectId();

  beforeAll(async () => {
    const hosts = [first, ...[2, 3, 4, 5].map((number) => set.member(number))];
    await set.start(...hosts.slice(1));
    const ids = [0, 1, 2, 3, 9];
    const members = hosts.map((member, index) => ({
      _id: ids[index] ?? 0,
      host: member.host,
      priority: index === 0 ? 2 : 1,
    }));
    await set.initiate(hosts, members);
    const reply: unknown = await client.run({ replSetGetConfig: 1, $db: 'admin' });
    const config = isDocument(reply) && isDocument(reply['config']) ? reply['config'] : {};
    const settings = isDocument(config['settings']) ? config['settings'] : {};
    if (settings['replicaSetId'] instanceof ObjectId) replicaSetId = settings['replicaSetId'];
  }, 120_000);

  test('the record is there', () => expect(exchanges.length).toBeGreaterThan(30));

  test.each(exchanges.map((exchange) => [exchange.step, exchange] as const))('%s', async (step, exchange) => {
    const config: unknown = exchange.command['replSetReconfig'];
    if (isDocument(config) && isDocument(config['settings']) && !step.includes('replicaSetId')) {
      config['settings']['replicaSetId'] = replicaSetId;
    }
    const current = 1;
    if (isDocument(config) && toNumber(config['version']) > 2 && toNumber(config['version']) < 100) {
      config['version'] = new Int32(current + 1);
    }
    const { actual, recorded } = await replay(client, exchange);
    expect(actual).toEqual(recorded);
  });
});

const isDocument = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const toNumber = (value: unknown): number => {
  if (value instanceof Int32 || value instanceof Double) return value.valueOf();
  if (value instanceof Long) return value.toNumber();
  return typeof value === 'number' ? value : -1;
};
