import type { Document } from 'bson';
import { chooseDialect } from '../../../local/mongod/options/dialect';
import { checkFeatureVersion } from '../../../local/mongod/storage/feature-version';
import { Store } from '../../../local/mongod/storage/store';
import { findEngine } from './support/engine';
import { quick } from './support/stage';
import { type TestMember, TestSet, eventually } from './support/test-set';

/** The feature compatibility version: what may be asked for, what a binary takes up, and upgrades in steps (S22). */
jest.setTimeout(180_000);

const name = 'setFeatureCompatibilityVersion';
const see42 = 'See http://dochub.mongodb.org/core/4.0-feature-compatibility.';
const see70 = 'See https://docs.mongodb.com/master/release-notes/6.0-compatibility/#feature-compatibility.';
const confirmUpgrade =
  "Once you have upgraded to 7.0, you will not be able to downgrade FCV and binary version without support assistance. Please re-run this command with 'confirm: true' to acknowledge this and continue with the FCV upgrade.";
const confirmDowngrade =
  "Once you have downgraded the FCV, if you choose to downgrade the binary version, it will require support assistance. Please re-run this command with 'confirm: true' to acknowledge this and continue with the FCV downgrade.";

const onStandIn = findEngine().name === 'stand-in' ? describe : describe.skip;
const sets: TestSet[] = [];

const makeSet = (): TestSet => {
  const set = new TestSet();
  sets.push(set);
  return set;
};

afterAll(async () => {
  await Promise.all(sets.map((set) => set.end()));
});

const speaking = (dialect: string): Record<string, string> => ({ MONGOD_DIALECT: dialect });

const versionAt = async (member: TestMember): Promise<unknown> => {
  const reply = await member.ask({ getParameter: 1, featureCompatibilityVersion: 1 });
  return (reply['featureCompatibilityVersion'] as { version?: string } | undefined)?.version;
};

/** One member that is primary. */
const single = async (environment?: Record<string, string>): Promise<TestMember> => {
  const set = makeSet();
  const member = set.member(1, environment === undefined ? {} : { environment });
  await set.start(member);
  await set.initiate([member], [{ _id: 0, host: member.host }], quick);
  return member;
};

const refusal = async (member: TestMember, command: Document): Promise<unknown> => {
  const { ok, code, errmsg } = await member.ask(command);
  return { ok, code, errmsg };
};

describe('4.2', () => {
  let member: TestMember;
  beforeAll(async () => {
    member = await single();
  });

  test.each([
    ['3.6', 2, `Invalid command argument. Expected '4.2' or '4.0', found 3.6 in: `, '"3.6"'],
    ['4.4', 2, `Invalid command argument. Expected '4.2' or '4.0', found 4.4 in: `, '"4.4"'],
    [true, 14, 'Command argument must be of type String, but was of type bool in: ', 'true'],
  ])('refuses %j', async (wanted, code, message, printed) => {
    expect(await refusal(member, { [name]: wanted })).toEqual({
      ok: 0,
      code,
      errmsg: `${message}{ ${name}: ${printed}, $db: "admin" }. ${see42}`,
    });
  });

  test('does not know confirm', async () => {
    expect(await refusal(member, { [name]: '4.2', confirm: true })).toEqual({
      ok: 0,
      code: 72,
      errmsg: `Unrecognized field found confirm in { ${name}: "4.2", confirm: true, $db: "admin" }. ${see42}`,
    });
    expect(await versionAt(member)).toBe('4.2');
  });

  test('goes down and up again; a restart keeps it, the same version again writes nothing', async () => {
    expect(await member.ask({ [name]: '4.0' })).toMatchObject({ ok: 1 });
    await member.stop('SIGKILL');
    await member.start();
    await eventually('it is primary again', async () =>
      (await member.ask({ isMaster: 1 }))['ismaster'] === true ? true : undefined,
    );
    expect(await versionAt(member)).toBe('4.0');
    expect(await member.ask({ [name]: '4.2' })).toMatchObject({ ok: 1 });
    const entries = async (): Promise<unknown> =>
      (await member.ask({ count: 'oplog.rs', query: { ns: 'admin.system.version' }, $db: 'local' }))['n'];
    const before = await entries();
    expect(await member.ask({ [name]: '4.2' })).toMatchObject({ ok: 1 });
    expect(await entries()).toBe(before);
    expect(await versionAt(member)).toBe('4.2');
  });
});

onStandIn('7.0', () => {
  let member: TestMember;
  beforeAll(async () => {
    member = await single(speaking('7.0'));
  });

  test('refuses a version that is no neighbour before it asks to confirm', async () => {
    for (const command of [{ [name]: '5.0' }, { [name]: '5.0', confirm: true }]) {
      expect(await refusal(member, command)).toEqual({
        ok: 0,
        code: 4926900,
        errmsg: `Invalid feature compatibility version value '5.0'; expected '6.0' or '6.3' or '7.0'. ${see70}`,
      });
    }
  });

  test('wants confirm, downwards, upwards, and for the version it has', async () => {
    const unconfirmed = (errmsg: string): unknown => ({ ok: 0, code: 7369100, errmsg });
    expect(await refusal(member, { [name]: '6.0' })).toEqual(unconfirmed(confirmDowngrade));
    expect(await refusal(member, { [name]: '7.0' })).toEqual(unconfirmed(confirmDowngrade));
    expect(await refusal(member, { [name]: '6.0', confirm: false })).toEqual(unconfirmed(confirmDowngrade));
    expect(await versionAt(member)).toBe('7.0');
    expect(await member.ask({ [name]: '6.0', confirm: true })).toMatchObject({ ok: 1 });
    expect(await versionAt(member)).toBe('6.0');
    expect(await refusal(member, { [name]: '7.0' })).toEqual(unconfirmed(confirmUpgrade));
    expect(await member.ask({ [name]: '7.0', confirm: true })).toMatchObject({ ok: 1 });
    expect(await versionAt(member)).toBe('7.0');
  });

  test('tells what is wrong with the command', async () => {
    expect(await refusal(member, { [name]: 7, confirm: true })).toEqual({
      ok: 0,
      code: 14,
      errmsg: `BSON field '${name}.${name}' is the wrong type 'int', expected type 'string'`,
    });
    expect(await refusal(member, { [name]: '7.0', confirmed: true })).toEqual({
      ok: 0,
      code: 40415,
      errmsg: `BSON field '${name}.confirmed' is an unknown field.`,
    });
  });
});

onStandIn('from release to release', () => {
  const kept = { insert: 't', documents: [{ _id: 'kept' }], writeConcern: { w: 'majority' }, $db: 'd' };

  test.concurrent(
    'data of 4.2 goes up to 7.0 release by release, the feature version in between; 4.2 does not take it up again',
    async () => {
      const member = await single(speaking('4.2'));
      await member.ask(kept);
      const releases = ['4.2', '4.4', '5.0', '6.0', '7.0'];
      const configHas = async (version: number, hasTerm: boolean): Promise<void> => {
        const config = (await member.ask({ replSetGetConfig: 1 }))['config'] as Document;
        expect([Number(config['version']), 'term' in config]).toEqual([version, hasTerm]);
      };
      for (const [index, release] of releases.entries()) {
        const before = releases[index - 1];
        if (before !== undefined) {
          await member.stop('SIGTERM');
          await member.start(speaking(release));
          await eventually(`${release} is primary`, async () =>
            (await member.ask({ isMaster: 1 }))['ismaster'] === true ? true : undefined,
          );
          expect(await versionAt(member)).toBe(before);
          await configHas(index === 1 ? 1 : 2, index > 1);
          const confirm = release === '7.0' ? { confirm: true } : {};
          expect(await member.ask({ [name]: release, ...confirm })).toMatchObject({ ok: 1 });
          await configHas(2, true);
        }
        expect(await versionAt(member)).toBe(release);
        expect(await member.ask({ find: 't', $db: 'd' })).toMatchObject({
          cursor: { firstBatch: [{ _id: 'kept' }] },
        });
      }
      await member.stop('SIGTERM');
      await expect(member.start(speaking('4.2'))).rejects.toThrow(
        `Found an invalid featureCompatibilityVersion document (ERROR: BadValue: Invalid value for version, found 7.0, expected '4.2' or '4.0'. Contents of featureCompatibilityVersion document in admin.system.version: { _id: "featureCompatibilityVersion", version: "7.0" }. ${see42})`,
      );
      expect(member.exitCode).toBe(62);
    },
  );

  test('a binary takes data of its own release and of the one before, and no other', () => {
    const releases = ['4.2', '4.4', '5.0', '6.0', '7.0'];
    for (const [binary, release] of releases.entries()) {
      for (const [found, version] of releases.entries()) {
        const store = new Store();
        const o = { _id: 'featureCompatibilityVersion', version };
        store.apply({ op: 'i', ns: 'admin.system.version', o });
        const check = (): void => checkFeatureVersion(store, chooseDialect(release));
        if (found === binary || found === binary - 1) expect(check).not.toThrow();
        else expect(check).toThrow(`version: "${version}" }`);
      }
    }
  });

  test.concurrent(
    'a member of the release before ends when the feature version leaves it behind, and cannot sync anew',
    async () => {
      const set = makeSet();
      const [a, b] = ['7.0', '6.0'].map((release, index) =>
        set.member(index + 1, { environment: speaking(release) }),
      );
      if (a === undefined || b === undefined) throw new Error('two members');
      await set.start(a, b);
      await set.initiate([a], [{ _id: 0, host: a.host }], quick);
      expect(await a.ask({ [name]: '6.0', confirm: true })).toMatchObject({ ok: 1 });
      const { config } = await a.ask({ replSetGetConfig: 1 });
      const members = [
        { _id: 0, host: a.host },
        { _id: 1, host: b.host, votes: 0, priority: 0 },
      ];
      expect(
        await a.ask({ replSetReconfig: { ...(config as Document), version: 2, members } }),
      ).toMatchObject({
        ok: 1,
      });
      await set.settled(b);
      expect(await versionAt(b)).toBe('6.0');

      expect(await a.ask({ [name]: '7.0', confirm: true })).toMatchObject({ ok: 1 });
      const ended = (): Promise<boolean> =>
        eventually('the older member has ended', () =>
          Promise.resolve(b.exitCode === null ? undefined : true),
        );
      await ended();
      expect(b.exitCode).toBe(14);
      // It may end again before it was seen to answer.
      await b.start().catch(() => undefined);
      await ended();
      expect(b.exitCode).toBe(14);
      expect(b.log).toContain("Invalid feature compatibility version value '7.0'");

      b.wipe();
      await b.start();
      const status = await eventually('an initial sync has failed', async () => {
        const reply = await b.ask({ replSetGetStatus: 1, initialSync: 1 });
        const { initialSyncStatus } = reply as { initialSyncStatus?: { failedInitialSyncAttempts: number } };
        return Number(initialSyncStatus?.failedInitialSyncAttempts) > 0 ? JSON.stringify(reply) : undefined;
      });
      expect(status).toContain("expected '5.0' or '5.3' or '6.0'");
      await b.stop('SIGTERM');
      await b.start(speaking('7.0'));
      await set.settled(b);
      expect(await versionAt(b)).toBe('7.0');
    },
  );
});
