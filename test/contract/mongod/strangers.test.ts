import type { Document } from 'bson';
import { Stage } from './support/stage';
import { eventually } from './support/test-set';

/** Members that do not belong: another keyfile, none, another set, no set. How the primary sees them, what they say. */
jest.setTimeout(180_000);

const stage = new Stage('strangers');
const a = stage.member('A');

beforeAll(async () => {
  await stage.set.start(
    a,
    stage.member('B', { key: 'zyxwvutsrqponmlk' }),
    stage.member('C', { key: '' }),
    stage.member('D', { replSet: 'other' }),
    stage.member('E', { replSet: '' }),
    stage.member('F', { flags: ['--setParameter', 'enableLocalhostAuthBypass=0'] }),
  );
  await stage.set.initiate([a], [{ _id: 0, host: a.host }]);
});

afterAll(() => stage.end());

/** With the version and the settings of this run. */
const play = async (step: string): Promise<void> => {
  const { config } = (await a.ask({ replSetGetConfig: 1 })) as { config: Document };
  await stage.play(step, {
    mend: (command) => ({
      ...command,
      replSetReconfig: {
        ...(command['replSetReconfig'] as Document),
        version: Number(config['version']) + 1,
        settings: config['settings'] as unknown,
      },
    }),
  });
};

test('a voter with another keyfile is not taken', () => play('146'));

test.each([
  ['with another keyfile', '149', '150', '151'],
  ['without a keyfile', '154', '155', '156'],
  ['of another set', '159', '160', '161'],
  ['of no set', '164', '165', '166'],
])('a member %s may join without a vote, and is seen for what it is', async (_, add, see, remove) => {
  await play(add);
  await eventually('the heartbeats have found out', async () => {
    const { members } = (await a.ask({ replSetGetStatus: 1 })) as { members: Document[] };
    return Number(members[1]?.['health']) >= 0 ? true : undefined;
  });
  // Its number differs: a configuration was refused in between in the record.
  await stage.play(see, { loose: [/majority|readConcernMajority|lastCommitted/, /infoMessage/] });
  await play(remove);
});

test.each(['169', '170', '171', '172', '173'])('a server without a set: %s', async (step) => {
  await stage.play(step);
});

test('without the localhost exception nobody may initiate', async () => {
  await stage.play('175');
  expect(stage.unplayed).toEqual([]);
});
