import { createServer } from 'node:net';
import type { Document } from 'bson';
import { findEngine } from '../support/engine';
import { Stage } from '../support/stage';
import { watchStates } from '../support/states';
import { type MemberOptions, type TestMember, TestSet, eventually } from '../support/test-set';

/** What takes long: members that accept connections and never answer, and elections with the server's default timings. */
jest.setTimeout(180_000);

const chance = [/infoMessage/, /majority(OpTime|WriteDate)|readConcernMajority|lastCommitted/];

/** A listener that takes connections and never answers. */
const silent = async (host: string): Promise<() => void> => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(27017, host, resolve));
  return () => server.close();
};

const tell = async (stage: Stage, story: () => Promise<void>): Promise<void> => {
  try {
    await story();
    expect(stage.unplayed).toEqual([]);
  } finally {
    await stage.end();
  }
};

const since = async (work: Promise<unknown>): Promise<number> => {
  const startedAt = Date.now();
  await work;
  return Date.now() - startedAt;
};

/** The recorded configuration, with the version and the settings of this run. */
const mended =
  (config: Document) =>
  (command: Document): Document => ({
    ...command,
    replSetReconfig: {
      ...(command['replSetReconfig'] as Document),
      version: Number(config['version']) + 1,
      settings: config['settings'] as unknown,
    },
  });

const configOf = async (member: TestMember): Promise<Document> =>
  (await member.ask({ replSetGetConfig: 1 }))['config'] as Document;

test.concurrent('a silent member holds an initiation up for the time of a connection and a heartbeat', () => {
  const stage = new Stage('initiation', {}, /^02\/07[01]/);
  return tell(stage, async () => {
    await stage.member('A').start();
    const close = await silent(stage.set.address(9));
    const [long, short] = await Promise.all(
      ['02/070', '02/071'].map((step) => since(stage.play(step, { fresh: true }))),
    );
    close();
    expect(long).toBeGreaterThan(39_000);
    expect(short).toBeGreaterThan(31_000);
  });
});

test.concurrent(
  'a silent voter is taken in when a majority answers, after half a minute; it is seen not to answer',
  () => {
    const stage = new Stage('config', {}, /^10[567]/);
    return tell(stage, async () => {
      await stage.open('ABCD');
      const a = stage.member('A');
      const close = await silent(stage.set.address(9));
      expect(await since(stage.play('105', { mend: mended(await configOf(a)) }))).toBeGreaterThan(30_000);
      await eventually('it is seen not to answer', async () =>
        JSON.stringify(await a.ask({ replSetGetStatus: 1 })).includes('not reachable') ? true : undefined,
      );
      await stage.play('106', { loose: [...chance, /^members\[4\]\.lastHeartbeatMessage/] });
      await stage.play('107', { mend: mended(await configOf(a)) });
      close();
    });
  },
);

test.concurrent('while a quorum check waits for silent members another change may go through (S3)', () => {
  const stage = new Stage('config', {}, /^11[2-6]/);
  return tell(stage, async () => {
    await stage.open('ABCD');
    const [a, c, d] = Array.from('ACD', (letter) => stage.member(letter)) as [
      TestMember,
      TestMember,
      TestMember,
    ];
    await Promise.all([c.stop('SIGKILL'), d.stop('SIGKILL')]);
    // As in the record: of four voters two are dead, and one of these has lost its vote.
    const config = await configOf(a);
    const members = (config['members'] as Document[]).map((member, index) =>
      index === 3 ? { ...member, votes: 0, priority: 0 } : member,
    );
    expect(await a.ask({ replSetReconfig: { ...config, version: 2, members } })).toMatchObject({ ok: 1 });
    const close = await silent(stage.set.address(9));
    const mend = mended(await configOf(a));
    // A time limit does not cut the quorum check short.
    const limited = since(stage.play('112', { fresh: true, mend }));
    const first = since(stage.play('114', { fresh: true, mend }));
    await stage.play('116');
    await stage.play('115', { mend });
    expect(await limited).toBeGreaterThan(39_000);
    expect(await first).toBeGreaterThan(39_000);
    await stage.play('113');
    close();
  });
});

test.concurrent(
  'with default timings the first election takes the whole election timeout, and so does the next after kill -9 (S18)',
  () => {
    const stage = new Stage('initiation', {}, /^none/);
    return tell(stage, async () => {
      const members = Array.from('ABC', (letter) => stage.member(letter)) as [
        TestMember,
        TestMember,
        TestMember,
      ];
      await stage.set.start(...members);
      const config = members.map(({ host }, index) => ({ _id: index, host, priority: index === 0 ? 2 : 1 }));
      const startedAt = Date.now();
      expect(await members[0].ask({ replSetInitiate: { _id: 'rs0', members: config } })).toMatchObject({
        ok: 1,
      });
      const views = await watchStates(members, (view) => Object.values(view).includes('PRIMARY'));
      expect(Date.now() - startedAt).toBeGreaterThan(10_000);
      const old = members.find(({ host }) => views.at(-1)?.[host] === 'PRIMARY') ?? members[0];
      const others = members.filter((member) => member !== old);
      await stage.set.seen(members);
      await old.stop('SIGKILL');
      const killedAt = Date.now();
      await watchStates(others, (view) => Object.values(view).includes('PRIMARY'));
      // The last sign of the primary may be half an election timeout old.
      expect(Date.now() - killedAt).toBeGreaterThan(5000);
    });
  },
);

/** Ms from the moment that the primary falls silent until a write is acknowledged by a majority of the three. */
async function timeWithoutWrites(options: MemberOptions): Promise<number> {
  const set = new TestSet();
  try {
    const members = [1, 2, 3].map((number) => set.member(number, options));
    const [first, ...others] = members;
    if (first === undefined) throw new Error('no member');
    await set.start(...members);
    await set.initiate(
      members,
      members.map(({ host }, index) => ({ _id: index, host, priority: index === 0 ? 2 : 1 })),
      // Both ask the primary, none the other.
      { chainingAllowed: false },
    );
    await set.seen(members);
    const insert = (member: TestMember): Promise<Record<string, unknown>> =>
      member.ask({ insert: 't', documents: [{}], writeConcern: { w: 'majority' }, $db: 'd' }, 60_000);
    expect(await insert(first)).toMatchObject({ n: 1 });
    first.signal('SIGSTOP');
    const begun = Date.now();
    const primary = await eventually('another is primary', async () => {
      const hellos = await Promise.all(others.map((member) => member.ask({ isMaster: 1 })));
      return others.find((_, index) => hellos[index]?.['ismaster'] === true);
    });
    const reply = await insert(primary);
    expect([reply['n'], reply['writeConcernError']]).toEqual([1, undefined]);
    return Date.now() - begun;
  } finally {
    await set.end();
  }
}

const isStandIn = findEngine().name === 'stand-in';
const MODERN = { MONGOD_DIALECT: '7.0' };

test.concurrent(
  'a secondary asks its silent source twice: for 17 s no majority acknowledges a write',
  async () => {
    const took = await timeWithoutWrites({});
    expect(took).toBeGreaterThan(15_500);
    expect(took).toBeLessThan(19_000);
  },
);

(isStandIn ? test.concurrent : test.skip)(
  'and with a buffer of 3 s no longer than an election takes, from 4.4',
  async () => {
    const flags = ['--setParameter', 'oplogNetworkTimeoutBufferSeconds=3'];
    const took = await timeWithoutWrites({ environment: MODERN, flags });
    expect(took).toBeGreaterThan(9_000);
    expect(took).toBeLessThan(15_000);
  },
);
