import type { Document } from 'bson';
import { Stage, quick } from './support/stage';
import { courseOf, coursesOf, watchStates } from './support/states';
import { type TestMember, eventually } from './support/test-set';

/** Every change of a configuration that was recorded, in its order: what is taken up, what is refused, word for word. */
jest.setTimeout(180_000);

const snapshot = /majority(OpTime|WriteDate)|readConcernMajority|lastCommitted/;
const chance = [snapshot, /infoMessage/];

const isDocument = (value: unknown): value is Document => typeof value === 'object' && value !== null;

const configOf = async (member: TestMember): Promise<Document> => {
  const { config } = await member.ask({ replSetGetConfig: 1 });
  if (!isDocument(config)) throw new Error('no configuration');
  return config;
};

/** The recorded configuration with what only this run can know. */
const changed = (command: Document, change: (config: Document) => Document): Document => {
  const config: unknown = command['replSetReconfig'];
  return isDocument(config) ? { ...command, replSetReconfig: change(config) } : command;
};

describe('one after another', () => {
  const stage = new Stage('config', {}, /^0(0[89]|[1-9]\d)|^1(0[0-4]|0[89]|1[01789]|20)/);
  const [a, b, c, d, e, f, g] = Array.from('ABCDEFG', (letter) => stage.member(letter)) as [
    TestMember,
    TestMember,
    TestMember,
    TestMember,
    TestMember,
    TestMember,
    TestMember,
  ];
  let replicaSetId: unknown;

  const play = (step: string, loose: readonly RegExp[] = []): Promise<unknown> =>
    stage.play(step, {
      loose,
      mend: (command) =>
        changed(command, (config) => {
          const { settings } = config as { settings?: Document };
          const isRecorded = settings?.['replicaSetId'] !== undefined && !step.startsWith('060');
          return isRecorded ? { ...config, settings: { ...settings, replicaSetId } } : config;
        }),
    });

  const goes = async (step: string, members: readonly TestMember[], to: string): Promise<void> => {
    const views = await watchStates(members, (view) => members.every(({ host }) => view[host] === to));
    const passed = ['RECOVERING'];
    expect(coursesOf(views, members, passed)).toEqual(coursesOf(stage.timeline(step), members, passed));
  };

  beforeAll(async () => {
    await Promise.all([stage.set.start(d, e, f, g), stage.open('ABC', {}, [2], false)]);
    replicaSetId = ((await configOf(a))['settings'] as Document)['replicaSetId'];
  });

  afterAll(() => stage.end());

  test('read, and refused before anything is looked at', async () => {
    for (const step of ['008', '009', '010', '011', '012', '013', '014', '015', '016']) await play(step);
    for (const step of ['017', '018', '019']) await play(step);
  });

  test('versions may leap, the term stays; members hold a new one soon', async () => {
    for (const step of ['020', '021', '022', '023', '024']) await play(step);
    await eventually('B and C hold it', async () => {
      const versions = await Promise.all(
        [b, c].map(async (member) => (await configOf(member))['version'] as unknown),
      );
      return versions.every((version) => version === 8) ? true : undefined;
    });
  });

  test('a member joins without a vote and gets it; two voters come and go at once', async () => {
    await play('026');
    await play('027', [...chance, /members\[3\]\.(health|state)/]);
    await goes('028', [d], 'SECONDARY');
    for (const step of ['030', '031', '032']) await play(step);
    await watchStates([e, f], (view) => [e, f].every(({ host }) => view[host] === 'SECONDARY'));
    await play('034');
    await goes('035', [e, f], 'REMOVED');
  });

  test('what a removed member answers, and how it comes back', async () => {
    for (const step of ['036', '037', '038', '039', '040', '041', '042', '043', '044', '045'])
      await play(step);
    await play('046', chance);
    await play('047');
    await eventually('E is back', async () =>
      (await e.ask({ isMaster: 1 }))['secondary'] === true ? true : undefined,
    );
  });

  const refusals = ['050', '051', '052', '053', '054', '055', '056', '057', '058', '059', '060'];

  test.each(refusals)('refused: %s', async (step) => {
    await play(step);
  });

  test('settings left out are defaults again', async () => {
    for (const step of ['061', '062', '063']) await play(step);
  });

  test.each(['064', '065', '066', '067', '068', '069', '070', '071', '072', '073', '074', '075', '076'])(
    'as recorded: %s',
    async (step) => {
      await play(step);
    },
  );

  test.each(['077', '078', '079', '080', '081', '082'])('refused: %s', async (step) => {
    await play(step);
  });

  test('hidden, delayed, horizons, modes and settings', async () => {
    for (const step of ['083', '084', '085', '086', '087']) await play(step);
    await play('088', chance);
    for (const step of ['089', '090', '091', '092', '093', '094']) await play(step);
  });

  test('another host under the same _id, and an arbiter', async () => {
    await play('095');
    const views = await watchStates(
      [e, f],
      (view) => view[e.host] === 'REMOVED' && view[f.host] === 'SECONDARY',
    );
    expect(courseOf(views, e)).toEqual(courseOf(stage.timeline('096'), e));
    // The joining member may be SECONDARY before it is looked at.
    const passed = ['STARTUP2', 'RECOVERING', 'REMOVED'];
    expect(courseOf(views, f, passed)).toEqual(courseOf(stage.timeline('096'), f, passed));
    await play('097');
    await goes('098', [f], 'REMOVED');
    await play('099');
    await goes('100', [g], 'ARBITER');
    await play('101');
  });

  test('dead voters: a majority of the new configuration has to answer (S8)', async () => {
    await play('102');
    await eventually('it is seen to be dead', async () =>
      JSON.stringify(await a.ask({ replSetGetStatus: 1 })).includes('not reachable') ? true : undefined,
    );
    await play('103', chance);
    for (const step of ['104', '108', '109']) await play(step);
    await Promise.all([c.stop('SIGKILL'), d.stop('SIGKILL')]);
    await play('110');
    await play('111');
    await stage.set.start(c, d);
    for (const step of ['117', '118', '119', '120']) await play(step);
    expect(stage.unplayed).toEqual([]);
  });
});

describe('priorities and force', () => {
  const stage = new Stage('config', quick, /^1(2[3-9]|3\d|4\d)/);
  const [a, b, c, d] = Array.from('ABCD', (letter) => stage.member(letter)) as [
    TestMember,
    TestMember,
    TestMember,
    TestMember,
  ];
  const all = [a, b, c, d];

  /** With the version and the settings of the member that is asked. */
  const play = async (step: string, member: TestMember, loose: readonly RegExp[] = []): Promise<unknown> => {
    const { version, settings } = await configOf(member);
    return stage.play(step, {
      loose,
      mend: (command) =>
        changed(command, (config) => ({
          ...config,
          ...(config['version'] === undefined ? {} : { version: Number(version) + 1 }),
          settings: settings as unknown,
        })),
    });
  };

  /** The courses of the members from one primary to the next. */
  const passesTo = async (step: string, next: TestMember): Promise<void> => {
    const views = await watchStates(all, (view) => view[next.host] === 'PRIMARY');
    expect(coursesOf(views, all)).toEqual(coursesOf(stage.timeline(step), all));
  };

  beforeAll(() => stage.open('ABCD'));

  afterAll(() => stage.end());

  test('a member whose priority is raised takes over; equal priorities change nothing; a lowered primary is replaced (S15)', async () => {
    await play('123', a);
    await passesTo('124', b);
    await play('127', b);
    await play('128', b, [/^tags/, snapshot]);
    await Promise.all([a, d].map((member) => member.ask({ replSetFreeze: 60 })));
    await play('129', b);
    await passesTo('130', c);
    await Promise.all([a, d].map((member) => member.ask({ replSetFreeze: 0 })));
    await play('132', c);
    await eventually('all hold it', async () => {
      const versions = await Promise.all(
        all.map(async (member) => (await configOf(member))['version'] as unknown),
      );
      return new Set(versions).size === 1 ? true : undefined;
    });
  });

  test('force at a secondary spreads to the primary, with a version far ahead (S4)', async () => {
    await play('133', a);
    const { version } = await configOf(a);
    expect(version).toBeGreaterThan(10_000);
    await play('134', a);
    await eventually('the primary holds it', async () =>
      (await configOf(c))['version'] === version ? true : undefined,
    );
    expect(await c.ask({ isMaster: 1 })).toMatchObject({ ismaster: true });
    await play('136', c);
    await play('137', c);
    await play('138', c);
  });

  test('force at a secondary may drop the primary: it is REMOVED, and the others elect', async () => {
    await d.ask({ replSetFreeze: 60 });
    await a.ask({ replSetFreeze: 60 });
    await play('139', a);
    await passesTo('140', b);
    await play('141', c);
    await play('142', c);
    expect(stage.unplayed).toEqual([]);
  });
});
