import { MockActivityEnvironment } from '@temporalio/testing';
import { findSettingChanges, setParameters } from '../../../src/activities/settings';
import type { StageResult } from '../../../src/domain/operation';
import type { RuntimeSetting } from '../../../src/domain/settings';
import { KINDS } from '../../../src/kube/object';
import type { Access } from '../../../src/mongodb/connect';
import { observeReplicaSet } from '../../../src/mongodb/observe';
import { applySettings, readSettings } from '../../../src/mongodb/runtime-settings';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';
import { KEY, TestSet, type TestMember } from '../mongod/support/test-set';

jest.setTimeout(120_000);

const access: Access = { credentials: { kind: 'keyfile', key: KEY } };
const VERBOSITY = 'systemLog.verbosity';
const SLOW = 'operationProfiling.slowOpThresholdMs';
const LIFETIME = 'setParameter.transactionLifetimeLimitSeconds';

describe('settings that members are told while they run', () => {
  const set = new TestSet();
  let data: TestMember;
  let arbiter: TestMember;
  const cr = makeInstance({ config: { configSet: { [LIFETIME]: '0', LOG_LEVEL: '2' } } });

  beforeAll(async () => {
    data = set.member(1);
    arbiter = set.member(2);
    await set.start(data, arbiter);
    await set.initiate(
      [data, arbiter],
      [
        { _id: 0, host: data.host },
        { _id: 1, host: arbiter.host, arbiterOnly: true },
      ],
    );
  });
  afterAll(() => set.end());

  const told = async (host: string, ...options: readonly string[]): Promise<unknown[]> => {
    const values = await readSettings(host, access, options);
    return options.map((option) => values.get(option));
  };

  test('are taken, read back, and told again without a change', async () => {
    const settings = [
      { option: VERBOSITY, value: 2, was: 0 },
      { option: SLOW, value: 250, was: 100 },
      { option: 'systemLog.quiet', value: true, was: false },
    ];
    const { host } = data;
    expect(await applySettings(host, access, settings)).toBe(
      `${host} tells ${VERBOSITY} 2, ${SLOW} 250, systemLog.quiet true`,
    );
    expect(await told(host, VERBOSITY, SLOW, 'systemLog.quiet')).toEqual([2, 250, true]);
    await applySettings(host, access, settings);
    expect((await data.ask({ profile: -1 }))['was']).toBe(0);
  });

  test('that one is refused takes those before it back, and names it', async () => {
    await applySettings(data.host, access, [{ option: VERBOSITY, value: 1 }]);
    const refused = applySettings(data.host, access, [
      { option: VERBOSITY, value: 3, was: 1 },
      { option: LIFETIME, value: 0, was: 60 },
    ]);
    await expect(refused).rejects.toMatchObject({
      kind: 'Refused',
      facts: { option: LIFETIME },
      message: expect.stringMatching(
        /^setParameter\.transactionLifetimeLimitSeconds 0: .*BadValue/,
      ) as unknown,
    });
    expect(await told(data.host, VERBOSITY, LIFETIME)).toEqual([1, 60]);
  });

  test('that a running server would take, and not one that starts, are not told', async () => {
    const [before] = await told(data.host, VERBOSITY);
    const refused = applySettings(data.host, access, [{ option: VERBOSITY, value: 6 }]);
    await expect(refused).rejects.toMatchObject({ kind: 'Refused', facts: { option: VERBOSITY } });
    expect(await told(data.host, VERBOSITY)).toEqual([before]);
  });

  test('that mongod tells otherwise than they were set are refused, and put back', async () => {
    await applySettings(data.host, access, [{ option: SLOW, value: 250 }]);
    const refused = applySettings(data.host, access, [{ option: SLOW, value: 1.5, was: 250 }]);
    await expect(refused).rejects.toMatchObject({
      kind: 'Refused',
      facts: { option: SLOW },
      message: expect.stringContaining('then tells 1') as unknown,
    });
    expect(await told(data.host, SLOW)).toEqual([250]);
  });

  test('that this release does not have are refused, and read as nothing', async () => {
    const option = 'setParameter.internalQueryMaxBlockingSortMemoryUsageBytes';
    expect(await told(data.host, option)).toEqual([undefined]);
    await expect(applySettings(data.host, access, [{ option, value: 1 }])).rejects.toMatchObject({
      kind: 'Refused',
      facts: { option },
    });
  });

  describe('by the activities', () => {
    const stub = createStubKube();
    const encode = (text: string): string => Buffer.from(text).toString('base64');
    stub.put(KINDS.secret, 'orders-auth', {
      metadata: { labels: { 'middleware.fedstate.io/instance-uid': cr.metadata.uid } },
      data: {
        rootPassword: encode('r'),
        clusterAdminPassword: encode('a'),
        clusterMonitorPassword: encode('m'),
        keyfile: encode(KEY),
      },
    });
    const context = makeStubContext(stub.kube);
    const tell = (host: string, settings: readonly RuntimeSetting[]): Promise<StageResult<string>> =>
      new MockActivityEnvironment().run(() =>
        setParameters(context, cr, { kind: 'setParameter', cluster: 'a', ordinal: 0, host, settings }),
      );

    test('members are asked what they run with, but no arbiter; who does not answer is left for later', async () => {
      await applySettings(data.host, access, [{ option: VERBOSITY, value: 1 }]);
      const observation = await observeReplicaSet([data.host, arbiter.host, '127.9.9.9:1'], access);
      // No driver signs in to an arbiter, which yet says that it is one.
      expect(observation.reports.map(({ host, stateName }) => [host, stateName])).toEqual([
        [data.host, 'PRIMARY'],
        [arbiter.host, 'ARBITER'],
      ]);
      const wanted = [{ option: VERBOSITY, value: 2 }];
      const changes = await findSettingChanges(context, cr, observation, wanted);
      expect(changes.get(data.host)).toEqual([{ option: VERBOSITY, value: 2, was: 1 }]);
      expect([...changes.keys()]).toEqual([data.host]);
      expect((await findSettingChanges(context, cr, observation, [])).size).toBe(0);
    });

    test('what mongod refuses is the field’s to correct; who cannot be reached is waited for', async () => {
      expect(await tell(data.host, [{ option: VERBOSITY, value: 2 }])).toMatchObject({ done: true });
      expect(await tell(data.host, [{ option: LIFETIME, value: 0 }])).toMatchObject({
        wait: {
          code: 'SpecRefused',
          message: expect.stringMatching(
            /^spec\.config\.configSet\.setParameter\.transactionLifetimeLimitSeconds: .* Correct the value/,
          ) as unknown,
        },
      });
      expect(await tell(data.host, [{ option: VERBOSITY, value: -1 }])).toMatchObject({
        wait: { message: expect.stringMatching(/^spec\.config\.configSet\.LOG_LEVEL: /) as unknown },
      });
      expect(await tell('127.9.9.9:1', [{ option: VERBOSITY, value: 2 }])).toMatchObject({
        wait: { code: 'MembersUnreachable' },
      });
    });
  });
});
