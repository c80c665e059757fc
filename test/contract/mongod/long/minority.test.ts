import type { Document } from 'bson';
import { Stage, quick } from '../support/stage';
import { courseOf, watchStates } from '../support/states';
import { type TestMember, eventually } from '../support/test-set';

/** A primary that has lost the majority: what it still acknowledges, when it steps down, and the two ways out. */
jest.setTimeout(180_000);

const chance = [/infoMessage/, /majority(OpTime|WriteDate)|readConcernMajority/];

const tell = async (stage: Stage, story: () => Promise<void>): Promise<void> => {
  try {
    await story();
    expect(stage.unplayed).toEqual([]);
  } finally {
    await stage.end();
  }
};

const three = (stage: Stage): [TestMember, TestMember, TestMember] => [
  stage.member('A'),
  stage.member('B'),
  stage.member('C'),
];

const isDocument = (value: unknown): value is Document => typeof value === 'object' && value !== null;

/** The recorded configuration with the settings of this run, as the record has those of its own. */
const withSettingsOf =
  (config: unknown) =>
  (command: Document): Document => {
    const wanted: unknown = command['replSetReconfig'];
    if (!isDocument(config) || !isDocument(wanted)) throw new Error('no configuration');
    const version = Number(config['version']) + 1;
    return { ...command, replSetReconfig: { ...wanted, version, settings: config['settings'] as unknown } };
  };

const configOf = async (member: TestMember): Promise<unknown> =>
  (await member.ask({ replSetGetConfig: 1 }))['config'];

const bothRemoved = async (stage: Stage, step: string, members: readonly TestMember[]): Promise<void> => {
  const [, ...others] = members;
  const views = await watchStates(members, (view) => others.every(({ host }) => view[host] === 'REMOVED'));
  for (const member of members) {
    // An old configuration may or may not show before the new one arrives.
    const old = ['STARTUP2', 'SECONDARY'];
    expect(courseOf(views, member, old)).toEqual(courseOf(stage.timeline(step), member, old));
  }
};

test.concurrent(
  'while it is primary it may drop both dead voters without force: only the new configuration is asked',
  () => {
    const stage = new Stage('minority-reconfig');
    const [a, b, c] = three(stage);
    return tell(stage, async () => {
      await stage.open('ABC');
      const config = await configOf(a);
      await Promise.all([b.stop('SIGKILL'), c.stop('SIGKILL')]);
      await stage.play('004', { mend: withSettingsOf(config) });
      await stage.play('005', { mend: withSettingsOf(config) });
      await stage.play('006', { loose: chance });
      await stage.play('007');
      await stage.set.start(b, c);
      await bothRemoved(stage, '008', [a, b, c]);
      await stage.play('009', { loose: chance });
      for (const step of ['010', '011', '012']) await stage.play(step);
    });
  },
);

test.concurrent(
  'getLastErrorDefaults holds for writes that name no write concern; a change of the feature version waits for a majority all the same (S22)',
  () => {
    const stage = new Stage('default-write-concern');
    const [a, b, c] = three(stage);
    return tell(stage, async () => {
      await stage.set.start(a, b, c);
      const config = [a, b, c].map(({ host }, index) => ({
        _id: index,
        host,
        priority: index === 0 ? 2 : 1,
      }));
      await stage.set.initiate([a, b, c], config, {
        getLastErrorDefaults: { w: 'majority', wtimeout: 1500 },
      });
      await stage.play('004');
      await Promise.all([b.stop('SIGKILL'), c.stop('SIGKILL')]);
      const startedAt = Date.now();
      await stage.play('005');
      expect(Date.now() - startedAt).toBeGreaterThan(1400);
      await stage.play('006');
      // Also the second time, when nothing is left to change: the first is not on a majority yet.
      for (const time of ['first', 'second']) {
        const lowered = { setFeatureCompatibilityVersion: '4.0', writeConcern: { w: 1, wtimeout: 300 } };
        expect({ time, ...(await a.ask(lowered)) }).toMatchObject({
          time,
          ok: 1,
          writeConcernError: { code: 64 },
        });
      }
    });
  },
);

test.concurrent(
  'with two of three dead it steps down after the election timeout; force makes the survivor writable with all it has (S4)',
  () => {
    const stage = new Stage('majority-lost', quick);
    const [a, b, c] = three(stage);
    return tell(stage, async () => {
      await stage.open('ABC');
      await stage.play('004');
      await Promise.all([b.stop('SIGKILL'), c.stop('SIGKILL')]);
      const killedAt = Date.now();
      await stage.play('005');
      await stage.play('006');
      await stage.play('007');
      expect(Date.now() - killedAt).toBeGreaterThan(
        quick.electionTimeoutMillis - quick.heartbeatIntervalMillis,
      );
      await stage.play('010');
      // Either may be the last thing that happened: a refused heartbeat, or the end of the election timeout.
      await stage.play('011', { loose: [/infoMessage|lastHeartbeatMessage/] });
      const { members } = await a.ask({ replSetGetStatus: 1 });
      expect(JSON.stringify(members)).toMatch(
        /no response within election timeout period|Connection refused/,
      );
      for (const step of ['012', '013', '014', '015']) await stage.play(step);
      const config = await configOf(a);
      await stage.play('016', { mend: withSettingsOf(config) });
      await stage.play('017');
      await stage.play('018', { mend: withSettingsOf(config) });
      const forced = await watchStates([a], (view) => view[a.host] === 'PRIMARY');
      expect(courseOf(forced, a)).toEqual(courseOf(stage.timeline('019'), a));
      const { version } = (await configOf(a)) as { version: number };
      expect(version).toBeGreaterThanOrEqual(10_000);
      expect(version).toBeLessThan(120_000);
      await stage.play('021');
      await stage.play('022', { loose: chance });
      await stage.play('023');
      await stage.play('024');

      await b.start();
      await bothRemoved(stage, '026', [a, b]);
      await stage.play('027');
      await stage.play('028');
      await c.start();
      await bothRemoved(stage, '030', [a, b, c]);
      await stage.play('032');
      await stage.play('033', { loose: chance });
      await stage.play('034', { mend: withSettingsOf(await configOf(a)) });
      const back = await watchStates([a, b, c], (view) =>
        [b, c].every(({ host }) => view[host] === 'SECONDARY'),
      );
      for (const member of [a, b, c]) {
        expect(courseOf(back, member)).toEqual(courseOf(stage.timeline('035'), member));
      }
      // In the record the member was asked before it had caught up.
      const read = stage.command('036');
      await eventually('B has what the survivor wrote', async () =>
        JSON.stringify(await b.ask(read)).includes('after-force') ? true : undefined,
      );
    });
  },
);
