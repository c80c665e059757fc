import type { Document } from 'bson';
import { Network } from '../support/relay';
import { Stage } from '../support/stage';
import { type View, courseOf, stateOf, watchStates } from '../support/states';
import { type TestMember, eventually, sleep } from '../support/test-set';

/**
 * Members cut off from each other: connections stay open, nothing arrives. The record took the default timings; here a
 * second stands for two, so that members which a busy machine lets wait do not elect. The three stories have members of their own and run at the same time.
 */
jest.setTimeout(180_000);

const timing = { electionTimeoutMillis: 5000, heartbeatIntervalMillis: 1000, heartbeatTimeoutSecs: 5 };

/** Depends on which heartbeat was lost, and on who syncs from whom. */
const chance = [/lastHeartbeatMessage/, /infoMessage/, /electionTime|electionDate/];

interface Story {
  readonly stage: Stage;
  readonly network: Network;
  readonly members: readonly [TestMember, TestMember, TestMember];
}

/** A set of three behind relays, A primary with the highest priority, for the steps of the record that `part` names. */
const openStory = async (part: RegExp): Promise<Story> => {
  const stage = new Stage('partition', timing, part);
  // In ROLLBACK for as long as it takes to be seen there.
  const options = { port: 27018, environment: { MONGOD_LEAST_ROLLBACK_MS: '2000' } };
  const [a, b, c] = ['A', 'B', 'C'].map((letter) => stage.member(letter, options));
  if (a === undefined || b === undefined || c === undefined) throw new Error('three members');
  const network = new Network([a, b, c], 27017);
  await network.listen();
  await stage.set.start(a, b, c);
  const config = [a, b, c].map((member, index) => ({
    _id: index,
    host: network.hostOf(member),
    priority: index === 0 ? 2 : 1,
  }));
  await stage.set.initiate([a, b, c], config, timing);
  await stage.createRoot([a, b, c]);
  return { stage, network, members: [a, b, c] };
};

/** Tells a story on members of its own. */
const tell = async (part: RegExp, story: (story: Story) => Promise<void>): Promise<void> => {
  const made = await openStory(part);
  try {
    await story(made);
    expect(made.stage.unplayed).toEqual([]);
  } finally {
    made.network.close();
    await made.stage.end();
  }
};

const syncFrom = async (story: Story, member: TestMember, source: TestMember): Promise<void> => {
  const wanted = story.network.hostOf(source);
  await eventually(`${member.host} syncs from ${wanted}`, async () => {
    const status = await member.ask({ replSetGetStatus: 1 });
    if (status['syncSourceHost'] === wanted) return true;
    await member.ask({ replSetSyncFrom: wanted });
    await sleep(300);
    return undefined;
  });
};

const healthOf = async (member: TestMember): Promise<number[]> => {
  const { members } = await member.ask({ replSetGetStatus: 1 });
  return Array.isArray(members) ? members.map((one: Document) => Number(one['health'])) : [];
};

const sees = (member: TestMember, ...health: number[]): Promise<boolean> =>
  eventually(`${member.host} sees ${health.join()}`, async () =>
    (await healthOf(member)).join() === health.join() ? true : undefined,
  );

const idsAt = async (member: TestMember): Promise<string> => {
  const read = { find: 't', $readPreference: { mode: 'nearest' }, $db: 'd' };
  return [...JSON.stringify(await member.ask(read)).matchAll(/"_id":"([^"]+)"/g)].map(([, id]) => id).join();
};

const primaries = (view: View): number => Object.values(view).filter((state) => state === 'PRIMARY').length;

/** Nothing changes for a while. */
const stays = async (members: readonly TestMember[], wanted: string, ms: number): Promise<void> => {
  const until = Date.now() + ms;
  const views = await watchStates(members, () => Date.now() > until);
  const seen = views.map((view) => members.map(({ host }) => view[host]).join());
  // A member that is slow to answer on a busy machine has not changed.
  expect([...new Set(seen.filter((states) => !states.includes('down')))]).toEqual([wanted]);
};

const writeAlone = async (member: TestMember): Promise<{ written: number; refusal: Document }> => {
  for (let written = 0; ; written += 1) {
    const reply = await member.ask({ insert: 't', documents: [{ _id: `island-${written}` }], $db: 'd' });
    if (reply['ok'] !== 1) return { written, refusal: reply };
    await sleep(50);
  }
};

test.concurrent(
  'a primary cut off steps down before another takes writes; what it wrote alone is gone afterwards',
  () =>
    tell(/^0(0[5-9]|1\d|2[0-4])/, async (story) => {
      const { stage, network } = story;
      const [a, b, c] = story.members;
      stage.command('005');
      await stage.play('010');
      await syncFrom(story, b, a);
      await syncFrom(story, c, a);
      await b.ask({ replSetFreeze: 120 });
      await stage.prepare('011');
      network.cut(a, b);
      network.cut(a, c);
      const alone = writeAlone(a);
      await stage.play('011', {
        mend: (command) => ({ ...command, writeConcern: { w: 'majority', wtimeout: 700 } }),
      });
      const views = await watchStates(
        story.members,
        (view) => view[a.host] === 'SECONDARY' && view[c.host] === 'PRIMARY',
      );
      for (const member of [a, b, c]) {
        expect(courseOf(views, member)).toEqual(courseOf(stage.timeline('013'), member));
      }
      expect(Math.max(...views.map(primaries))).toBe(1);
      const { written, refusal } = await alone;
      expect(written).toBeGreaterThan(5);
      expect(refusal).toMatchObject({ code: 10107, errmsg: 'not master' });
      await sees(a, 1, 0, 0);
      await sees(c, 0, 1, 1);
      for (const step of ['017', '018', '019']) await stage.play(step, { loose: chance });
      const { members } = await a.ask({ replSetGetStatus: 1 });
      expect(JSON.stringify(members)).toMatch(/timed out|within the time limit/);
      // The other secondary still waits for the cut-off primary, its sync source.
      await stage.play('020');

      network.heal(a, b);
      network.heal(a, c);
      const healed = await watchStates([a], (view) => view[a.host] === 'PRIMARY');
      expect(courseOf(healed, a)).toEqual(courseOf(stage.timeline('021'), a));
      expect(await idsAt(a)).toBe('common,mainland');
    }),
);

test.concurrent(
  'two members that do not see each other change nothing while both see the third; a secondary cut off from all waits and disturbs nobody afterwards',
  () =>
    tell(/^0(2[5-9]|3[0-2])/, async (story) => {
      const { stage, network } = story;
      const [a, b, c] = story.members;
      await syncFrom(story, c, a);
      await syncFrom(story, b, c);
      network.cut(a, b);
      await stays([a, b, c], 'PRIMARY,SECONDARY,SECONDARY', 2 * timing.electionTimeoutMillis);
      await sees(a, 1, 0, 1);
      await sees(b, 0, 1, 1);
      await stage.play('026', { loose: chance });
      await stage.play('027', { loose: chance });
      network.heal(a, b);
      await sees(b, 1, 1, 1);

      const { term } = await a.ask({ replSetGetStatus: 1 });
      network.cut(b, a);
      network.cut(b, c);
      await stays([a, b, c], 'PRIMARY,SECONDARY,SECONDARY', 2 * timing.electionTimeoutMillis);
      await sees(b, 0, 1, 0);
      await stage.play('029', { loose: chance });
      await stage.play('030');
      network.heal(b, a);
      network.heal(b, c);
      await sees(b, 1, 1, 1);
      await stays([a, b, c], 'PRIMARY,SECONDARY,SECONDARY', timing.electionTimeoutMillis);
      await stage.play('032');
      expect((await b.ask({ replSetGetStatus: 1 }))['term']).toEqual(term);
    }),
);

test.concurrent(
  'force on the cut-off side makes two primaries that both acknowledge w: majority; the forced side wins, and the other loses what it acknowledged (S4)',
  () =>
    tell(/^0(3[3-9]|4\d)/, async (story) => {
      const { stage, network } = story;
      const [a, b, c] = story.members;
      await syncFrom(story, c, a);
      await syncFrom(story, b, c);
      await b.ask({ replSetFreeze: 120 });
      network.cut(a, b);
      network.cut(a, c);
      const views = await watchStates(
        story.members,
        (view) => view[a.host] === 'SECONDARY' && view[c.host] === 'PRIMARY',
      );
      for (const member of [a, b, c]) {
        expect(courseOf(views, member)).toEqual(courseOf(stage.timeline('033'), member));
      }
      await stage.play('034');
      const { config } = await a.ask({ replSetGetConfig: 1 });
      await stage.play('035', {
        mend: (command) => {
          if (typeof config !== 'object' || config === null || !('members' in config))
            throw new Error('no config');
          const members = Array.isArray(config.members) ? config.members.slice(0, 1) : [];
          return { ...command, replSetReconfig: { ...config, version: 2, members } };
        },
      });
      const forced = await watchStates([a], (view) => view[a.host] === 'PRIMARY');
      expect(courseOf(forced, a)).toEqual(courseOf(stage.timeline('036'), a));
      await stage.play('037');
      await stage.play('038');
      expect([await stateOf(a), await stateOf(c)]).toEqual(['PRIMARY', 'PRIMARY']);
      await stage.play('039');
      await stage.play('040');

      network.heal(a, b);
      network.heal(a, c);
      const healed = await watchStates(story.members, (view) =>
        [b, c].every(({ host }) => view[host] === 'REMOVED'),
      );
      for (const member of [a, b, c]) {
        expect(courseOf(healed, member)).toEqual(courseOf(stage.timeline('041'), member));
      }
      await stage.play('042', { loose: chance });
      await stage.play('043');
      const held = await idsAt(a);
      expect(held).toContain('forced-side');
      expect(held).not.toContain('majority-');
    }),
);
