import type { Document } from 'bson';
import { isFedStateError } from '../../../src/domain/errors';
import type { Access } from '../../../src/mongodb/connect';
import { raiseVersion } from '../../../src/mongodb/feature-version';
import { reportMember } from '../../../src/mongodb/observe';
import { findEngine } from '../mongod/support/engine';
import { quick } from '../mongod/support/stage';
import { KEY, TestSet, type TestMember } from '../mongod/support/test-set';

jest.setTimeout(120_000);

const access: Access = { credentials: { kind: 'keyfile', key: KEY } };
const onStandIn = findEngine().name === 'stand-in' ? describe : describe.skip;

// A true server is of one release; a set of two needs two.
onStandIn('the feature compatibility version is raised', () => {
  const set = new TestSet();
  let newer: TestMember;
  let older: TestMember;

  beforeAll(async () => {
    newer = set.member(1, { environment: { MONGOD_DIALECT: '7.0' } });
    older = set.member(2, { environment: { MONGOD_DIALECT: '6.0' } });
    await set.start(newer, older);
    await set.initiate([newer], [{ _id: 0, host: newer.host }], quick);
    await newer.ask({ setFeatureCompatibilityVersion: '6.0', confirm: true });
    const { config } = await newer.ask({ replSetGetConfig: 1 });
    const members = [
      { _id: 0, host: newer.host },
      { _id: 1, host: older.host, votes: 0, priority: 0 },
    ];
    await newer.ask({ replSetReconfig: { ...(config as Document), version: 2, members } });
    await set.settled(older);
  });
  afterAll(() => set.end());

  const members = (): { host: string; arbiterOnly: boolean }[] =>
    [newer, older].map(({ host }) => ({ host, arbiterOnly: false }));
  const versions = (): Promise<(string | undefined)[]> =>
    Promise.all(
      [newer, older].map(async ({ host }) => (await reportMember(host, access)).featureCompatibilityVersion),
    );

  test('not while a member runs the release before: it would end (S22)', async () => {
    const refused = await raiseVersion(members(), access, '7.0').catch((error: unknown) => error);
    expect(isFedStateError(refused, 'Refused') ? refused.message : refused).toMatch(
      /runs 6\.0\.\d+, not 7\.0/,
    );
    expect(await versions()).toEqual(['6.0', '6.0']);
    expect(older.exitCode).toBeNull();
  });

  test('with confirm, read back from a majority; again it only looks', async () => {
    await older.stop('SIGTERM');
    await older.start({ MONGOD_DIALECT: '7.0' });
    await set.settled(older);
    expect(await raiseVersion(members(), access, '7.0')).toBe('6.0 became 7.0; 2 of 2 members tell it');
    expect(await versions()).toEqual(['7.0', '7.0']);
    expect(await raiseVersion(members(), access, '7.0')).toBe('was 7.0; 2 of 2 members tell it');
  });
});
