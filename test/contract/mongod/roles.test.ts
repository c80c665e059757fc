import type { Document } from 'bson';
import { Stage } from './support/stage';
import { stateOf } from './support/states';
import { type TestMember, eventually } from './support/test-set';

/** Every kind of member: primary, secondary, passive, hidden, arbiter, delayed, removed; what each answers. */
jest.setTimeout(180_000);

const stage = new Stage('roles');
const [a, b, c, d, e, f, g, h] = Array.from('ABCDEFGH', (letter) => stage.member(letter)) as [
  TestMember,
  TestMember,
  TestMember,
  TestMember,
  TestMember,
  TestMember,
  TestMember,
  TestMember,
];

/** Who has heard of whom, and who has looked for a source, is chance right after a change. */
const early = [
  /infoMessage/,
  /\.(health|state|stateStr) =/,
  /majority(OpTime|WriteDate)|readConcernMajority/,
];
const chance = [/infoMessage/];

const configOf = async (member: TestMember): Promise<Document> =>
  (await member.ask({ replSetGetConfig: 1 }))['config'] as Document;

beforeAll(async () => {
  await stage.set.start(a, b, c, d, e, f, g, h);
  await stage.set.initiate(
    [a, b],
    [
      { _id: 0, host: a.host, priority: 3, tags: { cluster: 'a' } },
      { _id: 1, host: b.host, priority: 1, tags: { cluster: 'b' } },
    ],
  );
  await stage.createRoot([a, b]);
  const text = 'x'.repeat(10_000);
  const documents = Array.from({ length: 600 }, (_, _id) => ({ _id, text }));
  await a.ask({ insert: 'big', documents, writeConcern: { w: 2 }, $db: 'd' });
});

afterAll(() => stage.end());

test('a member in STARTUP2, and the primary that sees it join', async () => {
  const { settings } = await configOf(a);
  await stage.play('009', {
    mend: (command) => ({
      ...command,
      replSetReconfig: { ...(command['replSetReconfig'] as Document), settings: settings as unknown },
    }),
  });
  await stage.play('010', { loose: early });
  await eventually('C is in STARTUP2', async () => ((await stateOf(c)) === 'STARTUP2' ? true : undefined));
  // It stays so for as long as it has nobody to copy from.
  for (const member of [a, b]) member.signal('SIGSTOP');
  try {
    await stage.play('011', { loose: [/^primary/] });
    await stage.play('012', { loose: early });
    await stage.play('013', {
      loose: [...early, /initialSyncStatus\.(fetched|applied|initialSyncOplog|databases)/],
    });
    await stage.play('014');
    await stage.play('015');
  } finally {
    for (const member of [a, b]) member.signal('SIGCONT');
  }
  await stage.play('017', { loose: early });
});

test('all have joined, and one is removed again', async () => {
  await Promise.all([b, c, d, e, f, g].map((member) => stage.set.settled(member)));
  const { members, version, ...rest } = await configOf(a);
  const left = (members as Document[]).filter(({ _id }) => _id !== 6);
  expect(
    await a.ask({ replSetReconfig: { ...rest, version: Number(version) + 1, members: left } }),
  ).toMatchObject({ ok: 1 });
  await eventually('it knows', async () => ((await stateOf(g)) === 'REMOVED' ? true : undefined));
  await stage.set.seen([a, b, c, d, e, f]);
  const write = { insert: 'big', documents: [{ _id: 'after' }], writeConcern: { w: 'majority' }, $db: 'd' };
  expect(await a.ask(write)).toMatchObject({ n: 1 });
});

const steps = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index).padStart(3, '0'));

test.each(steps(19, 26))('on the primary: %s', async (step) => {
  await stage.play(step, { loose: chance });
});

test('what the primary wrote is on the others, but for the delayed one', async () => {
  const read = { find: 'none', $readPreference: { mode: 'secondaryPreferred' }, $db: 'd' };
  await eventually('B, C and D have it', async () => {
    const replies = await Promise.all([b, c, d].map((member) => member.ask(read)));
    return replies.every((reply) => JSON.stringify(reply).includes('"a":1')) ? true : undefined;
  });
});

const unrecorded = ['062', '095'];

test.each(steps(27, 103).filter((step) => !unrecorded.includes(step)))('as recorded: %s', async (step) => {
  await stage.play(step, { loose: chance });
});

// Compression is not spoken.
test.each(steps(104, 115))('hello of a later server, and its options: %s', async (step) => {
  await stage.play(step, { loose: [/^compression/] });
});

test('maintenance makes a secondary RECOVERING', async () => {
  await stage.play('116');
  await eventually('the primary sees it', async () =>
    JSON.stringify(await a.ask({ replSetGetStatus: 1 })).includes('RECOVERING') ? true : undefined,
  );
  for (const step of ['117', '118', '119', '120', '121', '122', '123'])
    await stage.play(step, { loose: chance });
});

test('what members say to each other is for members only', async () => {
  // The recorded primary gave a time of its election that no date can hold.
  await stage.play('124', { loose: [/^electionTime/] });
  for (const step of ['125', '126', '127']) await stage.play(step);
  // A vote asked for in a later term ends the primary's own; in the record B was elected then.
  await stage.set.stepUp(b);
});

test('a member that is killed is seen to be down within two heartbeats, and said to be so', async () => {
  await stage.set.seen([a, b, c, d, e, f]);
  await d.stop('SIGKILL');
  // Another second or so passes by chance until the first heartbeat fails.
  const before = [
    ...chance,
    /members\[3\]\.(health|state|stateStr|lastHeartbeatMessage)/,
    /members\[1\]\.(state|election)/,
  ];
  await stage.play('128', { loose: before });
  await stage.play('129', { loose: before });
  await eventually('the primary and C see it', async () => {
    const views = await Promise.all([a, c].map((member) => member.ask({ replSetGetStatus: 1 })));
    return views.every((view) => JSON.stringify(view).includes('not reachable')) ? true : undefined;
  });
  // B was elected a little later in the record.
  await stage.play('130', { loose: [...chance, /members\[1\]\.(state|election)/] });
  for (const step of ['131', '132']) await stage.play(step, { loose: chance });
  await e.stop('SIGTERM');
  await eventually('the arbiter is down too', async () =>
    JSON.stringify(await a.ask({ replSetGetStatus: 1 })).split('not reachable').length === 3
      ? true
      : undefined,
  );
  await stage.play('133', { loose: chance });
  expect(stage.unplayed).toEqual([]);
});
