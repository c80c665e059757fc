import { Stage } from './support/stage';
import { courseOf, watchStates } from './support/states';
import { type TestMember, eventually } from './support/test-set';

/** Writes, write concerns, reads by member and read concern, with all members, with one dead, and with two dead. */
jest.setTimeout(180_000);

/** Longer than all that a primary is asked after it has lost its majority. */
const timing = { electionTimeoutMillis: 6000, heartbeatIntervalMillis: 1000 };
const modes = { getLastErrorModes: { twoClusters: { cluster: 2 }, threeClusters: { cluster: 3 } } };

const stage = new Stage('writes', timing);
const [a, b, c] = Array.from('ABC', (letter) => stage.member(letter)) as [TestMember, TestMember, TestMember];
const members = [a, b, c];

beforeAll(async () => {
  await stage.set.start(...members);
  const config = members.map(({ host }, index) => ({
    _id: index,
    host,
    priority: index === 0 ? 2 : 1,
    tags: { cluster: 'abc'[index] },
  }));
  await stage.set.initiate(members, config, { ...timing, ...modes });
  await stage.createRoot(members);
});

afterAll(() => stage.end());

const steps = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index).padStart(3, '0'));

const caughtUp = (): Promise<boolean> =>
  eventually('all members have the same', async () => {
    const hellos = await Promise.all(members.map((member) => member.ask({ isMaster: 1 })));
    const writes = hellos.map((hello) => JSON.stringify(hello['lastWrite']).slice(0, 60));
    return new Set(writes).size === 1 ? true : undefined;
  });

describe('with all members', () => {
  const unrecorded = ['018'];

  test.each(steps(4, 34).filter((step) => !unrecorded.includes(step)))('as recorded: %s', async (step) => {
    await stage.play(step);
  });

  test('what was written is on the others', () => caughtUp());

  test.each(steps(35, 59))('as recorded: %s', async (step) => {
    await stage.play(step);
  });

  test.each(steps(61, 70))('oplog: %s', async (step) => {
    await stage.play(step);
  });

  test('after a step-down the connection stays, and takes no writes', async () => {
    await caughtUp();
    for (const step of ['071', '072', '073']) await stage.play(step);
  });
});

test('with one of three dead a majority is left, three are not', async () => {
  await stage.set.stepUp(b);
  await caughtUp();
  await a.stop('SIGKILL');
  for (const step of ['074', '075', '076']) await stage.play(step);
});

test('with two of three dead writes wait in vain, until the primary steps down (S16)', async () => {
  await c.stop('SIGKILL');
  for (const step of steps(77, 84)) await stage.play(step);
  const views = await watchStates([b], (view) => view[b.host] === 'SECONDARY');
  expect(courseOf(views, b)).toEqual(courseOf(stage.timeline('085'), b));
  await stage.play('086');
  // getLastError remembers nothing here.
  expect(stage.unplayed).toEqual(['060 getLastError']);
});
