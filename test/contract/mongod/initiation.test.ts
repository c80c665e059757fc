import type { Document } from 'bson';
import { Stage } from './support/stage';
import { courseOf, coursesOf, watchStates } from './support/states';
import { type TestMember, eventually } from './support/test-set';

/** How a set begins: what replSetInitiate takes and refuses, word for word (S5, S6, S25), and what shows right after. */
jest.setTimeout(180_000);

const isPrimary = (member: TestMember) => (view: Readonly<Record<string, string>>) =>
  view[member.host] === 'PRIMARY';

/** Numbers of steps as the record writes them. */
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `02/${String(from + index).padStart(3, '0')}`);

describe('a configuration', () => {
  // Steps 070 and 071 take over half a minute: see silence. 081 and 082 need an address beyond loopback.
  const stage = new Stage('initiation', {}, /^02\/(0[0-6]|07[2-9])/);
  const a = stage.member('A', { alsoAt: '127.0.60.1' });
  const d = stage.member('D');
  const taken = { '023': '024', '028': '029', '036': '037' };

  beforeAll(async () => {
    await stage.set.start(
      a,
      stage.member('C', { replSet: 'other' }),
      d,
      stage.member('F', { key: 'anotherkey' }),
    );
  });

  afterAll(() => stage.end());

  test.each(Object.entries(taken))('taken, and shown as it was understood: %s', async (step, shown) => {
    await stage.play(`02/${step}`);
    await stage.set.initiated(a);
    await stage.play(`02/${shown}`);
    await a.stop('SIGKILL');
    a.wipe();
    await a.start();
  });

  const skipped = Object.entries(taken).flat();

  test.each(numbers(7, 69).filter((step) => !skipped.includes(step.slice(3))))(
    'refused: %s',
    async (step) => {
      await stage.play(step);
    },
  );

  test('of one member makes it primary; it belongs to nobody else then', async () => {
    await stage.play('02/072');
    await stage.play('02/073', { loose: [/^(primary|electionId|ismaster|secondary)/] });
    const views = await watchStates([d], isPrimary(d));
    expect(courseOf(views, d, ['SECONDARY'])).toEqual(courseOf(stage.timeline('02/074'), d));
    for (const step of ['076', '077', '078', '079']) await stage.play(`02/${step}`);
    expect(stage.unplayed).toEqual([]);
  });
});

describe('data that was there before', () => {
  const stage = new Stage('initiation', {}, /^02\/0(8[3-9]|9\d)/);
  const [a, b, e] = Array.from('ABE', (letter) => stage.member(letter)) as [
    TestMember,
    TestMember,
    TestMember,
  ];
  const alone = stage.set.member(2, { replSet: '', key: '' });

  /** Leaves a document in the folder of B, written by a server without a set. */
  const leave = async (id: unknown): Promise<void> => {
    await alone.start();
    expect(await alone.ask({ insert: 't', documents: [{ _id: id }], $db: 'd' })).toMatchObject({ n: 1 });
    await alone.stop('SIGTERM');
  };

  afterAll(() => stage.end());

  test('of the member that initiates goes to the others', async () => {
    await leave(1);
    await stage.set.start(a, b, e);
    await stage.play('02/083');
    const views = await watchStates([e], (view) => view[e.host] === 'SECONDARY');
    expect(courseOf(views, e)).toEqual(['STARTUP2', 'SECONDARY']);
    await stage.play('02/085');
  });

  test('of another member is lost when an empty one initiates', async () => {
    for (const member of [b, e]) {
      await member.stop('SIGKILL');
      member.wipe();
    }
    await leave('precious');
    await stage.set.start(b, e);
    await stage.play('02/086');
    const views = await watchStates([b], (view) => view[b.host] === 'SECONDARY');
    expect(courseOf(views, b)).toEqual(['STARTUP2', 'SECONDARY']);
    await stage.play('02/088');
    await stage.play('02/089');
  });

  test('without a document a member initiates itself alone', async () => {
    await stage.play('02/090');
    const views = await watchStates([a], isPrimary(a));
    expect(courseOf(views, a, ['SECONDARY'])).toEqual(courseOf(stage.timeline('02/091'), a, ['SECONDARY']));
    await stage.play('02/092');
    expect(stage.unplayed).toEqual([]);
  });
});

describe('three members', () => {
  const stage = new Stage('initiation', {}, /^02b/);
  const members = Array.from('ABC', (letter) => stage.member(letter));
  const [a] = members as [TestMember];

  beforeAll(() => stage.set.start(...members));

  afterAll(() => stage.end());

  test('right after initiation nobody is primary, and nothing may be changed', async () => {
    await stage.play('02b/004');
    // Heard of or not by then, and looked for a source or not: both were seen.
    await stage.play('02b/005', { loose: [/infoMessage/, /members\[[12]\]\.(health|state)/] });
    for (const step of ['006', '007', '008', '009']) await stage.play(`02b/${step}`);
  });

  test('one that stands at once is primary, the others were STARTUP2 first', async () => {
    // Before it is told to stand: on a busy machine it may have won by the first look after.
    const before = await watchStates(members, () => true);
    const rising = eventually('A wins', async () =>
      (await a.ask({ replSetStepUp: 1 }))['ok'] === 1 ? true : undefined,
    );
    const after = await watchStates(
      members,
      (view) => Object.values(view).join() === 'PRIMARY,SECONDARY,SECONDARY',
    );
    await rising;
    const views = [...before, ...after];
    for (const member of members) {
      expect(courseOf(views, member, ['RECOVERING'])).toEqual(courseOf(stage.timeline('02b/010'), member));
    }
    await stage.play('02b/013', { loose: [/majority(OpTime|WriteDate)/] });
    await stage.play('02b/014');
    await stage.play('02b/015');
  });

  test('two arbiters may be members', async () => {
    const [d, e, f, g] = Array.from('DEFG', (letter) => stage.member(letter)) as [
      TestMember,
      TestMember,
      TestMember,
      TestMember,
    ];
    await stage.set.start(d, e, f, g);
    const config = [d, e, f, g].map(({ host }, index) => ({
      _id: index,
      host,
      ...(index > 1 ? { arbiterOnly: true } : {}),
    }));
    expect(await d.ask({ replSetInitiate: { _id: 'rs0', members: config } })).toMatchObject({ ok: 1 });
    await stage.play('02b/039');
    expect(stage.unplayed).toEqual([]);
  });
});

describe('sooner than by the first election', () => {
  const stage = new Stage('initiation', {}, /^02c\/0(0|13)/);
  const members = Array.from('ABC', (letter) => stage.member(letter));
  const [a] = members as [TestMember];
  const courses = (views: Parameters<typeof coursesOf>[0]): string[] =>
    coursesOf(views, members, ['RECOVERING']);

  beforeAll(() => stage.set.start(...members));

  afterAll(() => stage.end());

  test('three initiated, and one of them told to stand', async () => {
    await stage.play('02c/001');
    // Told before the others have the configuration it loses, as in the record, or it is late enough.
    const told = [stage.command('02c/002'), stage.command('02c/003')];
    expect(told[0]).toEqual(told[1]);
    await stage.set.stepUp(a);
    await Promise.all(members.slice(1).map((member) => stage.set.settled(member)));
  });

  const anew = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop('SIGKILL')));
    for (const member of members) member.wipe();
    await stage.set.start(...members);
  };

  test('one initiated, and two added at once', async () => {
    await anew();
    await stage.play('02c/007');
    await stage.set.initiated(a);
    const { config } = (await a.ask({ replSetGetConfig: 1 })) as { config: Document };
    await stage.play('02c/009', {
      mend: (command) => ({
        ...command,
        replSetReconfig: {
          ...(command['replSetReconfig'] as Document),
          settings: config['settings'] as unknown,
        },
      }),
    });
    const views = await watchStates(
      members,
      (view) => Object.values(view).join() === 'PRIMARY,SECONDARY,SECONDARY',
    );
    expect(courses(views)).toEqual(courses(stage.timeline('02c/010')));
  });

  test('a short election timeout', async () => {
    await anew();
    await stage.play('02c/013');
    await watchStates(members, (view) => Object.values(view).includes('PRIMARY'));
    expect(stage.unplayed).toEqual([]);
  });
});
