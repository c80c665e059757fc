import type { Document } from 'bson';
import { Stage } from '../support/stage';
import { courseOf, watchStates } from '../support/states';
import { type TestMember, eventually } from '../support/test-set';

/** Initial sync (S19): what shows while it runs, what it acknowledges, and what interrupts it. */
jest.setTimeout(180_000);

const stage = new Stage('initial-sync');
const [a, b, c, d] = ['A', 'B', 'C', 'D'].map((letter) => stage.member(letter)) as [
  TestMember,
  TestMember,
  TestMember,
  TestMember,
];
const documents = 2400;
/** Which collections are copied already is chance; a true server has some that the stand-in has not. */
const progress = [/initialSyncStatus\.databases\./];

const configOf = async (): Promise<Document> => {
  const { config } = await a.ask({ replSetGetConfig: 1 });
  if (typeof config !== 'object' || config === null) throw new Error('no configuration');
  return config;
};

/** A recorded reconfiguration that adds its last member to the configuration of this run. */
const adding = async (step: string): Promise<void> => {
  const config = await configOf();
  await stage.play(step, {
    mend: (command) => {
      const { members } = command['replSetReconfig'] as { members: Document[] };
      const all = [...(config['members'] as Document[]), members.at(-1)];
      return {
        ...command,
        replSetReconfig: { ...config, version: Number(config['version']) + 1, members: all },
      };
    },
  });
};

const syncOf = async (member: TestMember): Promise<Document> => {
  const status = await member.ask({ replSetGetStatus: 1, initialSync: 1 });
  return status['myState'] === 5 ? status : {};
};

/** Waits until a member copies the large collection; gives its source. */
const copying = (member: TestMember): Promise<string> =>
  eventually(`${member.host} copies`, async () => {
    const status = await syncOf(member);
    return JSON.stringify(status).includes('"d.big"') ? String(status['syncSourceHost']) : undefined;
  });

const becomesSecondary = async (member: TestMember, step: string): Promise<void> => {
  const views = await watchStates([member], (view) => view[member.host] === 'SECONDARY');
  const passed = ['RECOVERING'];
  expect(courseOf(views, member, passed)).toEqual(courseOf(stage.timeline(step), member, passed));
};

const countAt = async (member: TestMember): Promise<unknown> =>
  (await member.ask({ count: 'big', $readPreference: { mode: 'nearest' }, $db: 'd' }))['n'];

beforeAll(async () => {
  await Promise.all([stage.open('AB'), stage.set.start(c, d)]);
});

afterAll(() => stage.end());

test('an empty member that joins is STARTUP2, then SECONDARY', async () => {
  await adding('005');
  await becomesSecondary(c, '006');
});

test('while it looks for a source, and while it copies, the status tells how far it is', async () => {
  const { members, version, ...rest } = await configOf();
  const left = (members as Document[]).slice(0, 2);
  await a.ask({ replSetReconfig: { ...rest, version: Number(version) + 1, members: left } });
  await c.stop('SIGKILL');
  c.wipe();
  const text = 'x'.repeat(10_000);
  for (let from = 0; from < documents; from += 400) {
    const batch = Array.from({ length: 400 }, (_, index) => ({ _id: from + index, text }));
    const writeConcern = { w: 'majority' };
    expect(await a.ask({ insert: 'big', documents: batch, writeConcern, $db: 'd' })).toMatchObject({
      n: 400,
    });
  }
  await c.start();
  await adding('008');
  await eventually('C has begun', async () => ((await syncOf(c))['myState'] === 5 ? true : undefined));
  for (const step of ['009', '010', '011', '012']) await stage.play(step);
  await copying(c);
  for (const step of ['013', '014']) await stage.play(step, { loose: progress });
  await becomesSecondary(c, '015');
  expect(await countAt(c)).toBe(documents);
});

test('a voter in STARTUP2 counts for the majority but acknowledges nothing', async () => {
  await adding('018');
  await stage.play('019');
  await stage.play('020');
  await eventually('D has begun', async () => ((await syncOf(d))['myState'] === 5 ? true : undefined));
  await stage.play('021', { loose: [/initialSyncStatus\./] });
  await copying(d);
  for (const step of ['022', '023', '024', '025', '026', '027']) await stage.play(step, { loose: progress });
  await becomesSecondary(d, '028');
});

test('after its folder was emptied a member syncs anew', async () => {
  await d.stop('SIGTERM');
  d.wipe();
  await d.start();
  await becomesSecondary(d, '031');
  expect(await countAt(d)).toBe(documents);
});

test('killed in the middle it begins again', async () => {
  await d.stop('SIGTERM');
  d.wipe();
  await d.start();
  await copying(d);
  await d.stop('SIGKILL');
  await d.start();
  await becomesSecondary(d, '033');
  expect(await countAt(d)).toBe(documents);
});

test('when its source is killed in the middle it goes on with another', async () => {
  await d.stop('SIGTERM');
  d.wipe();
  await d.start();
  const source = await copying(d);
  const killed = [a, b, c].find(({ host }) => host === source);
  if (killed === undefined) throw new Error(`an unknown source: ${source}`);
  await killed.stop('SIGKILL');
  await becomesSecondary(d, '037');
  const { initialSyncStatus } = await d.ask(stage.command('038'));
  const { initialSyncAttempts: attempts, ...status } = initialSyncStatus as Document;
  expect(status).toMatchObject({ maxFailedInitialSyncAttempts: 10 });
  const told = (attempts as Document[]).map(({ status: text, syncSource }) => `${syncSource}: ${text}`);
  expect(told[0]).toMatch(
    /^[\d.:]+: HostUnreachable: error (fetching oplog during initial sync|while getting base rollback ID) :: caused by :: /,
  );
  expect(told[0]).toContain(source);
  expect(told.at(-1)).toMatch(/: OK$/);
  expect(told.at(-1)).not.toContain(source);
  expect(status['failedInitialSyncAttempts']).toBe((attempts as unknown[]).length - 1);
  expect(await countAt(d)).toBe(documents);
  await killed.start();
});

test('where a member syncs from may be asked for', async () => {
  await stage.set.settled(b);
  await stage.set.stepUp(a);
  await stage.set.seen([a, b, c, d]);
  await stage.play('042', { loose: [/^warning|^prevSyncTarget/] });
  for (const step of ['043', '044', '045', '046']) await stage.play(step);
  expect(stage.unplayed).toEqual([]);
});
