import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, EJSON, deserialize } from 'bson';
import { Stage } from '../support/stage';
import { courseOf, watchStates } from '../support/states';
import { eventually } from '../support/test-set';

/** A primary that wrote alone comes back to a set that has gone on: what it shows, step by step, and what it keeps. */
jest.setTimeout(180_000);

const stage = new Stage('rollback');
/** In ROLLBACK for as long as it takes to ask; a busy machine is slow to look. */
const options = { environment: { MONGOD_LEAST_ROLLBACK_MS: '3000' } };
const [a, b, c] = ['A', 'B', 'C'].map((letter) => stage.member(letter, options)) as [
  ReturnType<typeof stage.member>,
  ReturnType<typeof stage.member>,
  ReturnType<typeof stage.member>,
];

/** Depends on who syncs from whom. */
const chance = [/\.infoMessage/];

beforeAll(() => stage.open('ABC'));

afterAll(() => stage.end());

test('a primary whose secondaries are dead acknowledges w:1 writes, journaled or not', async () => {
  await stage.play('004');
  await stage.play('005');
  await Promise.all([b.stop('SIGKILL'), c.stop('SIGKILL')]);
  for (const step of ['006', '007', '008', '009', '010']) await stage.play(step);
  await a.stop('SIGKILL');
});

test('the others elect without it, and what they write w: majority stays', async () => {
  await stage.set.start(b, c);
  await eventually('C is primary', async () =>
    (await c.ask({ replSetStepUp: 1 }))['ok'] === 1 ? true : undefined,
  );
  await stage.set.initiated(c);
  await stage.play('012');
  await stage.play('013', {
    mend: (command) => {
      const config: unknown = command['replSetReconfig'];
      if (typeof config !== 'object' || config === null) throw new Error('no config');
      return { ...command, replSetReconfig: { ...config, settings: {} } };
    },
  });
});

test('back again it is SECONDARY with its own history, then in ROLLBACK, then SECONDARY with that of the set', async () => {
  let shown = 0;
  await a.start();
  const views = await watchStates([a], () => true);
  await stage.play('015', { unordered: true });
  views.push(
    ...(await watchStates([a], (view) => {
      if (view[a.host] === 'ROLLBACK') shown += 1;
      return view[a.host] === 'ROLLBACK';
    })),
  );
  for (const step of ['016', '017', '018']) await stage.play(step, { loose: chance });
  views.push(...(await watchStates([a], (view) => view[a.host] === 'SECONDARY')));
  expect(shown).toBe(1);
  expect(courseOf(views, a)).toEqual(courseOf(stage.timeline('019'), a));
});

test('it has the history of the set then, and one rollback more', async () => {
  await eventually('A has what C has', async () => {
    const [left, right] = await Promise.all([a, c].map((member) => member.ask({ isMaster: 1 })));
    return EJSON.stringify(left?.['lastWrite']) === EJSON.stringify(right?.['lastWrite']) ? true : undefined;
  });
  for (const step of ['022', '023', '024', '027']) await stage.play(step, { loose: chance, unordered: true });
  expect(stage.unplayed).toEqual([]);
});

const documentsIn = (namespace: string): Document[] => {
  const folder = join(a.dbPath, 'rollback', namespace);
  const names = readdirSync(folder);
  expect(names).toHaveLength(1);
  expect(names[0]).toMatch(/^removed\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+\.bson$/);
  const bytes = readFileSync(join(folder, names[0] ?? ''));
  const documents: Document[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) {
    documents.push(deserialize(bytes.subarray(at, at + bytes.readInt32LE(at))));
  }
  return documents;
};

test('what was rolled back lies in files, one for each collection', () => {
  const byId = (one: Document, two: Document): number => String(one['_id']).localeCompare(String(two['_id']));
  expect(documentsIn('d.t').sort(byId)).toEqual([
    { _id: 'common', changed: true },
    { _id: 'lost-1' },
    { _id: 'lost-2' },
  ]);
  expect(documentsIn('admin.system.users')).toMatchObject([{ _id: 'admin.lostuser', roles: [] }]);
});
