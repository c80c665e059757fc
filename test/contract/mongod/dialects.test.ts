import type { Document } from 'bson';
import { chooseDialect } from '../../../local/mongod/options/dialect';
import { parseConfig } from '../../../local/mongod/repl/config';
import { renderConfig } from '../../../local/mongod/repl/config-render';
import { parseStoredConfig } from '../../../local/mongod/repl/stored-config';
import { findEngine } from './support/engine';
import { quick } from './support/stage';
import { type TestMember, TestSet } from './support/test-set';

/** What each release has that the one before had not: 4.2 as recorded, the later ones from public documentation. */
jest.setTimeout(180_000);

interface Release {
  readonly release: string;
  readonly wire: number;
  /** From 4.4 on: hello, terms and commitment of configurations, one voter at a time, default concerns. */
  readonly isSafe: boolean;
  /** From 5.0 on: w: majority unless arbiters forbid it, voters that join without a vote, new words. */
  readonly isImplicit: boolean;
}

const releases: readonly Release[] = [
  { release: '4.2', wire: 8, isSafe: false, isImplicit: false },
  { release: '4.4', wire: 9, isSafe: true, isImplicit: false },
  { release: '5.0', wire: 13, isSafe: true, isImplicit: true },
  { release: '6.0', wire: 17, isSafe: true, isImplicit: true },
  { release: '7.0', wire: 21, isSafe: true, isImplicit: true },
];

const set = new TestSet();
const members = new Map<string, TestMember>();
const alone = set.member(9, { replSet: '', key: '', environment: { MONGOD_DIALECT: '5.0' } });

const at = ({ release }: Release): TestMember => {
  const member = members.get(release);
  if (member === undefined) throw new Error(`no member of ${release}`);
  return member;
};

const refusal = async (member: TestMember, command: Document): Promise<unknown> => {
  const { ok, code, errmsg } = await member.ask(command);
  return { ok, code, errmsg };
};

/** Asks for voters that nobody listens for, beside the one there is. */
const addVoters = async (member: TestMember, count: number): Promise<Record<string, unknown>> => {
  const { config } = (await member.ask({ replSetGetConfig: 1 })) as { config: Document };
  const strangers = Array.from({ length: count }, (_, index) => ({
    _id: index + 1,
    host: `${set.address(10)}:${27_020 + index}`,
  }));
  const wanted = [{ _id: 0, host: member.host }, ...strangers];
  const version = Number(config['version']) + 1;
  return member.ask({ replSetReconfig: { ...config, version, members: wanted } });
};

(findEngine().name === 'stand-in' ? describe : describe.skip)('releases', () => {
  beforeAll(async () => {
    releases.forEach(({ release }, index) =>
      members.set(release, set.member(index + 1, { environment: { MONGOD_DIALECT: release } })),
    );
    await set.start(...members.values(), alone);
    await Promise.all(
      [...members.values()].map((member) => set.initiate([member], [{ _id: 0, host: member.host }], quick)),
    );
  });

  afterAll(() => set.end());

  test.each(releases)('$release says which release it is', async (release) => {
    expect(String((await at(release).ask({ buildInfo: 1 }))['version'])).toMatch(
      new RegExp(`^${release.release}\\.\\d+$`),
    );
    const { version } = (await at(release).ask({ getParameter: 1, featureCompatibilityVersion: 1 }))[
      'featureCompatibilityVersion'
    ] as { version: string };
    expect(version).toBe(release.release);
  });

  test.each(releases)('$release: hello and isMaster', async (release) => {
    const { isSafe, wire } = release;
    const hello = await at(release).ask({ hello: 1 });
    if (isSafe) {
      expect(hello).toMatchObject({ ok: 1, isWritablePrimary: true, maxWireVersion: wire });
      expect(hello).not.toHaveProperty('ismaster');
    } else {
      expect(hello).toMatchObject({ ok: 0, code: 59, errmsg: "no such command: 'hello'" });
    }
    const old = await at(release).ask({ isMaster: 1, helloOk: true });
    expect(old).toMatchObject({ ok: 1, ismaster: true, maxWireVersion: wire });
    expect([old['helloOk'], 'topologyVersion' in old]).toEqual([isSafe ? true : undefined, isSafe]);
  });

  test.each(releases)(
    '$release: term, commitment and names of fields of a configuration',
    async (release) => {
      const { isSafe, isImplicit } = release;
      const reply = await at(release).ask({ replSetGetConfig: 1, commitmentStatus: true });
      const { config, commitmentStatus } = reply as { config: Document; commitmentStatus?: boolean };
      expect([config['term'], commitmentStatus]).toEqual(isSafe ? [1, true] : [undefined, undefined]);
      const [own] = config['members'] as Document[];
      expect(Object.keys(own ?? {})).toContain(isImplicit ? 'secondaryDelaySecs' : 'slaveDelay');
      expect(Object.keys(own ?? {})).not.toContain(isImplicit ? 'slaveDelay' : 'secondaryDelaySecs');
      const status = await at(release).ask({ replSetGetStatus: 1 });
      expect([status['votingMembersCount'], 'syncingTo' in status]).toEqual([
        isSafe ? 1 : undefined,
        !isSafe,
      ]);
    },
  );

  test.each(releases)('$release: the default write concern that applies and is told', async (release) => {
    const { isSafe, isImplicit } = release;
    const reply = await at(release).ask({ getDefaultRWConcern: 1 });
    if (!isSafe) {
      expect(reply).toMatchObject({ ok: 0, code: 59 });
      return;
    }
    const { defaultWriteConcern, defaultWriteConcernSource } = reply;
    expect({ defaultWriteConcern, defaultWriteConcernSource }).toEqual(
      isImplicit
        ? { defaultWriteConcern: { w: 'majority', wtimeout: 0 }, defaultWriteConcernSource: 'implicit' }
        : {},
    );
  });

  const settable = releases.filter(({ isSafe }) => isSafe);

  test.each(settable)('$release: what setDefaultRWConcern refuses', async (release) => {
    const ask = (fields: Document): Promise<unknown> =>
      refusal(at(release), { setDefaultRWConcern: 1, ...fields });
    expect(await ask({})).toEqual({
      ok: 0,
      code: 2,
      errmsg: 'At least one of the "defaultReadConcern" or "defaultWriteConcern" fields must be present',
    });
    expect(await ask({ defaultWriteConcern: { w: 0 } })).toEqual({
      ok: 0,
      code: 2,
      errmsg: 'Unacknowledged write concern is not suitable for the default write concern',
    });
    expect(await ask({ defaultReadConcern: { level: 'linearizable' } })).toEqual({
      ok: 0,
      code: 2,
      errmsg: "level: 'linearizable' is not suitable for the default read concern",
    });
    expect(await ask({ defaultReadConcern: { level: 'newest' } })).toMatchObject({ ok: 0, code: 9 });
    const withoutW = await ask({ defaultWriteConcern: { wtimeout: 500 } });
    expect(withoutW).toMatchObject(
      release.isImplicit
        ? { ok: 0, code: 2, errmsg: "Default write concern must have 'w' field." }
        : { ok: 1 },
    );
  });

  test.each(settable)(
    '$release: a default that was set holds for writes that name none (S17)',
    async (release) => {
      const member = at(release);
      const concern = { w: 2, wtimeout: 500 };
      // It waits for its own write by w: majority, not by what it sets.
      expect(
        await member.ask({
          setDefaultRWConcern: 1,
          defaultWriteConcern: concern,
          writeConcern: { w: 'majority' },
        }),
      ).toMatchObject({ ok: 1, defaultWriteConcern: concern });
      expect(await member.ask({ getDefaultRWConcern: 1 })).toMatchObject({
        defaultWriteConcern: concern,
        ...(release.isImplicit ? { defaultWriteConcernSource: 'global' } : {}),
      });
      const write = { insert: 't', documents: [{ a: 1 }], $db: 'd' };
      expect(await member.ask(write)).toMatchObject({ n: 1, writeConcernError: { code: 100 } });
      const named = await member.ask({ ...write, writeConcern: { w: 1 } });
      expect(named['writeConcernError']).toBeUndefined();

      const unset = { setDefaultRWConcern: 1, defaultWriteConcern: {}, writeConcern: { w: 1 } };
      if (release.isImplicit) {
        expect(await refusal(member, unset)).toEqual({
          ok: 0,
          code: 20,
          errmsg: 'The global default write concern cannot be unset once it is set.',
        });
        const plain = { setDefaultRWConcern: 1, defaultWriteConcern: { w: 1 }, writeConcern: { w: 1 } };
        expect(await member.ask(plain)).toMatchObject({ ok: 1 });
      } else {
        const reply = await member.ask(unset);
        expect(reply).toMatchObject({ ok: 1 });
        expect(reply).not.toHaveProperty('defaultWriteConcern');
      }
      expect((await member.ask(write))['writeConcernError']).toBeUndefined();
    },
  );

  test('a server without a set has no default concerns', async () => {
    expect(await refusal(alone, { getDefaultRWConcern: 1 })).toEqual({
      ok: 0,
      code: 51300,
      errmsg: "'getDefaultRWConcern' is not supported on standalone nodes.",
    });
  });

  test.each(releases)(
    '$release: two voters at once, and one that nobody reaches (S1, S10)',
    async (release) => {
      const { isSafe, isImplicit } = release;
      const member = at(release);
      // From 5.0 on they join without a vote, so that any number may.
      if (!isImplicit) {
        expect(await addVoters(member, 2)).toMatchObject(
          isSafe
            ? {
                ok: 0,
                code: 103,
                errmsg: 'Non force replica set reconfig can only add or remove at most 1 voting member.',
              }
            : { ok: 0, code: 74 },
        );
      }
      const one = await addVoters(member, 1);
      if (!isImplicit) {
        expect(one).toMatchObject({ ok: 0, code: 74 });
        return;
      }
      // It has no vote until it is SECONDARY, and shows as if it had.
      expect(one).toMatchObject({ ok: 1 });
      expect(await member.ask({ replSetGetStatus: 1 })).toMatchObject({ votingMembersCount: 1 });
      const { config } = (await member.ask({ replSetGetConfig: 1 })) as { config: Document };
      const [, added] = config['members'] as Document[];
      expect(added).toMatchObject({ votes: 1 });
      expect(added).not.toHaveProperty('newlyAdded');
    },
  );
});

test('a release understands the configuration that its neighbours wrote', () => {
  const dialects = releases.map(({ release }) => chooseDialect(release));
  for (const [index, writer] of dialects.entries()) {
    const delay = writer.implicitMajority ? 'secondaryDelaySecs' : 'slaveDelay';
    const members = [
      { _id: 0, host: 'a:1' },
      { _id: 1, host: 'b:1', priority: 0, [delay]: 60 },
    ];
    const written = renderConfig(
      { ...parseConfig({ _id: 'rs0', version: 3, protocolVersion: 1, members }, writer, false), term: 2 },
      writer,
    );
    for (const reader of [dialects[index - 1], dialects[index + 1]]) {
      if (reader === undefined) continue;
      const hasTerm = reader.safeReconfig && writer.safeReconfig;
      expect(parseStoredConfig(written, reader)).toMatchObject({
        version: 3,
        term: hasTerm ? 2 : -1,
        members: [{ delaySecs: 0 }, { delaySecs: 60 }],
      });
    }
  }
});
