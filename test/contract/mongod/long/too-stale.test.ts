import { Stage } from '../support/stage';
import { courseOf, watchStates } from '../support/states';
import { eventually } from '../support/test-set';

/** A member whose place in the oplog is gone: what it says of itself, and what the primary says of it. */
jest.setTimeout(180_000);

const stage = new Stage('too-stale');
const options = { flags: ['--oplogSize', '1', '--syncdelay', '1'] };
const a = stage.member('A', options);
const c = stage.member('C', options);

beforeAll(() => stage.open('ABC', options));

afterAll(() => stage.end());

const oldest = async (): Promise<string> =>
  JSON.stringify(
    await a.ask({
      find: 'oplog.rs',
      sort: { $natural: 1 },
      limit: 1,
      projection: { ts: 1, _id: 0 },
      $db: 'local',
    }),
  ).replace(/"\$clusterTime".*/, '');

test('the oplog keeps to its size: its oldest entries go', async () => {
  await stage.play('004');
  await c.stop('SIGTERM');
  const before = await oldest();
  const text = 'x'.repeat(10_000);
  let round = 0;
  await eventually('the oldest entry has gone', async () => {
    const documents = Array.from({ length: 100 }, (_, index) => ({ _id: `${round}/${index}`, text }));
    round += 1;
    await a.ask({ insert: 'fill', documents, writeConcern: { w: 'majority' }, $db: 'd' });
    return (await oldest()) === before ? undefined : true;
  });
  await stage.play('006');
});

test('the member that was away is SECONDARY first, then RECOVERING for good', async () => {
  await c.start();
  const views = await watchStates([c], (view) => view[c.host] === 'RECOVERING');
  expect(courseOf(views, c)).toEqual(courseOf(stage.timeline('008'), c));
  await eventually('the primary knows it, and it the primary', async () => {
    const { members } = await a.ask({ replSetGetStatus: 1 });
    const hello = await c.ask({ isMaster: 1 });
    return JSON.stringify(members).includes('RECOVERING') && hello['primary'] === a.host ? true : undefined;
  });
  for (const step of ['009', '010', '011', '012', '013']) await stage.play(step);
  expect(stage.unplayed).toEqual([]);
});
