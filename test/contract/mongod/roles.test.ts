import { type Exchange, readGolden, replay } from './support/golden';
import { type TestMember, TestSet, eventually, sleep } from './support/test-set';
import type { WireClient } from './support/wire-client';

/** Every kind of member: primary, secondary, passive, hidden, arbiter, delayed, removed; what each answers. */
jest.setTimeout(60_000);

const set = new TestSet(16);
const members = new Map<number, TestMember>();
const clients = new Map<string, WireClient>();

const member = (number: number): TestMember => {
  const known = members.get(number);
  if (known !== undefined) return known;
  const made = set.member(number);
  members.set(number, made);
  return made;
};

const clientFor = async ({ at, as }: Exchange): Promise<WireClient> => {
  const key = `${as} ${at}`;
  const known = clients.get(key);
  if (known !== undefined) return known;
  const target = [...members.values()].find(({ host }) => host === at);
  if (target === undefined) throw new Error(`no member at ${at}`);
  const client =
    as === 'nobody'
      ? await target.connect()
      : as === 'root'
        ? await target.as('root', 'root-pw')
        : await target.asSystem();
  clients.set(key, client);
  return client;
};

beforeAll(async () => {
  const all = [1, 2, 3, 4, 5, 6, 7].map(member);
  await set.start(...all);
  const host = (number: number): string => member(number).host;
  const base = [
    { _id: 0, host: host(1), priority: 3, tags: { cluster: 'a' } },
    { _id: 1, host: host(2), priority: 1, tags: { cluster: 'b' } },
  ];
  await set.initiate([member(1), member(2)], base);
  await member(1).ask({
    createUser: 'root',
    pwd: 'root-pw',
    roles: ['root'],
    writeConcern: { w: 'majority' },
  });
  const added = [
    { _id: 2, host: host(3), priority: 0, tags: { cluster: 'c' } },
    { _id: 3, host: host(4), priority: 0, hidden: true },
    { _id: 4, host: host(5), arbiterOnly: true },
    { _id: 5, host: host(6), priority: 0, hidden: true, votes: 0, slaveDelay: 20 },
    { _id: 6, host: host(7) },
  ];
  const reconfig = async (version: number, list: object[]): Promise<void> => {
    const reply = await member(1).ask({
      replSetReconfig: { _id: 'rs0', version, protocolVersion: 1, members: list },
    });
    if (reply['ok'] !== 1) throw new Error(String(reply['errmsg']));
  };
  await reconfig(2, [...base, ...added]);
  await Promise.all([3, 4, 5, 6, 7].map((number) => set.settled(member(number))));
  await reconfig(3, [...base, ...added.slice(0, 4)]);
  await eventually('the removed member knows it', async () =>
    (await member(7).ask({ isMaster: 1 }))['info'] === undefined ? undefined : true,
  );
  await eventually('the primary sees all others', async () => {
    const { members: shown } = await member(1).ask({ replSetGetStatus: 1 });
    const states = Array.isArray(shown)
      ? shown.map((one: { state: number; configVersion: number }) => `${one.state}/${one.configVersion}`)
      : [];
    return states.join() === '1/3,2/3,2/3,2/3,7/3,2/3' ? true : undefined;
  });
}, 180_000);

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await set.end();
});

const exchanges = readGolden('roles', (number) => set.address(number));
/** Depends on who has heard what when; no compression is spoken; a date that JavaScript cannot hold. */
const notAlike = /find with .* on (secondary|passive|hidden|delayed)|with compression|heartbeat by hand/i;

test('the record is there', () => expect(exchanges.length).toBeGreaterThan(60));

test.each(
  exchanges.filter(({ step }) => !notAlike.test(step)).map((exchange) => [exchange.step, exchange] as const),
)('%s', async (step, exchange) => {
  if (step.startsWith('replSetGetStatus on the primary, B')) await sleep(4500);
  const { actual, recorded } = await replay(await clientFor(exchange), exchange);
  if (step.startsWith('replSetGetStatus')) {
    const comparable = (lines: string[]): string[] =>
      lines.filter((line) => !/\]\.(state|stateStr|infoMessage) =/.test(line));
    expect(comparable(actual)).toEqual(comparable(recorded));
    expect(actual.filter((line) => line.includes('.stateStr'))).toEqual(
      recorded.filter((line) => line.includes('.stateStr')),
    );
    return;
  }
  expect(actual).toEqual(recorded);
});
