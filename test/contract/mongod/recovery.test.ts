import { ForceWarrant } from '../../../src/domain/force-warrant';
import type { ChangePlan, ForceStep } from '../../../src/domain/plan';
import type { Access } from '../../../src/mongodb/connect';
import { stepUp } from '../../../src/mongodb/election';
import { findForced, forceReconfig } from '../../../src/mongodb/force-reconfig';
import { observeReplicaSet } from '../../../src/mongodb/observe';
import { planRecovery, type RecoveryOutcome } from '../../../src/planner/plan-recovery';
import { Network } from './support/relay';
import { eventually, KEY, sleep, TestSet, type TestMember } from './support/test-set';

/** S4 as FedState carries it out: two of three sites are gone, and come back cut off from the survivor. */
jest.setTimeout(180_000);

const set = new TestSet();
const timing = { electionTimeoutMillis: 2_000, heartbeatIntervalMillis: 500, heartbeatTimeoutSecs: 2 };
const access: Access = { credentials: { kind: 'keyfile', key: KEY } };
const [a, b, c] = [1, 2, 3].map((number) => set.member(number, { port: 27018 })) as [
  TestMember,
  TestMember,
  TestMember,
];
const network = new Network([a, b, c], 27017);
const hosts = [a, b, c].map((member) => network.hostOf(member));

beforeAll(async () => {
  await network.listen();
  await set.start(a, b, c);
  const config = [a, b, c].map((member, index) => ({
    _id: index,
    host: network.hostOf(member),
    priority: index === 0 ? 2 : 1,
    tags: { cluster: ['east', 'north', 'west'][index] },
  }));
  await set.initiate([a, b, c], config, timing);
});

afterAll(async () => {
  network.close();
  await set.end();
});

const isPrimary = async (member: TestMember): Promise<boolean> =>
  (await member.ask({ isMaster: 1 }))['ismaster'] === true;
const write = (member: TestMember, name: string): Promise<Record<string, unknown>> =>
  member.ask({
    insert: 't',
    documents: [{ _id: name }],
    writeConcern: { w: 'majority', wtimeout: 5_000 },
    $db: 'd',
  });
const isRemoved = (member: TestMember): Promise<true> =>
  eventually(`${member.host} finds itself removed`, async () => {
    const { code } = await member.ask({ replSetGetStatus: 1 });
    return code === 93 ? true : undefined;
  });

async function lookAfresh(): Promise<RecoveryOutcome> {
  const gone = { ready: false, api: false };
  return planRecovery({
    setName: 'rs0',
    generation: 1,
    observation: await observeReplicaSet(hosts, access),
    clusterOf: new Map(),
    platform: [
      { cluster: 'east', ready: true, api: true },
      { cluster: 'north', ...gone },
      { cluster: 'west', ...gone },
    ],
    signs: new Map(),
    untold: new Map(),
  });
}

function warrantOf(plan: ChangePlan): ForceWarrant {
  const warrant = ForceWarrant.of(plan, { hash: plan.hash, risky: [], by: 'ann' });
  if (warrant === undefined) throw new Error('no warrant');
  return warrant;
}

test('is forced once, serves with all that the survivor had, and what returns never leads beside it once it is fenced or seen', async () => {
  expect(await write(a, 'kept')).not.toHaveProperty('writeConcernError');
  expect(await lookAfresh()).toMatchObject({
    kind: 'refusal',
    message: expect.stringContaining('is primary') as string,
  });
  await Promise.all([b.stop('SIGKILL'), c.stop('SIGKILL')]);
  await set.settled(a);
  const outcome = await lookAfresh();
  if (outcome.kind === 'refusal') throw new Error(outcome.message);
  const { plan } = outcome;
  const step = plan.steps.find((one): one is typeof one & ForceStep => one.kind === 'forceReconfig');
  if (step === undefined) throw new Error('no step forces');
  expect([step.host, step.members.length]).toEqual([hosts[0], 1]);
  // However long nobody forces it, nobody leads.
  await sleep(2 * timing.electionTimeoutMillis);
  expect([await isPrimary(a), await findForced(step, access)]).toEqual([false, undefined]);
  const stale: ForceStep = { ...step, expected: { ...step.expected, version: step.expected.version + 1 } };
  await expect(forceReconfig(stale, warrantOf(plan), access)).rejects.toMatchObject({ kind: 'Superseded' });

  const said = await forceReconfig(step, warrantOf(plan), access);
  expect(said).toMatch(/^forced at .* to version \d{5,6} with /);
  expect(await stepUp(step.host, access)).toBe(step.host);
  await set.initiated(a);
  expect(await write(a, 'after')).not.toHaveProperty('writeConcernError');
  expect(JSON.stringify(await a.ask({ find: 't', $db: 'd' }))).toMatch(/kept.*after/);
  // Whoever repeats it finds it done, and forces nothing again.
  expect(await findForced(step, access)).toBe(said);
  await expect(forceReconfig(step, warrantOf(plan), access)).rejects.toMatchObject({ kind: 'Superseded' });

  // They come back, reached by clients and by each other, not by the survivor.
  network.cut(a, b);
  network.cut(a, c);
  await b.start();
  await set.settled(b);
  await sleep(3 * timing.electionTimeoutMillis);
  expect(await isPrimary(b)).toBe(false);
  // Both together are a majority of what they know: this is what the order to shut off is for.
  await c.start();
  await eventually('one of them leads a second set', async () =>
    (await isPrimary(b)) || (await isPrimary(c)) ? true : undefined,
  );
  await Promise.all([b.stop('SIGKILL'), c.stop('SIGKILL')]);
  expect(await isPrimary(a)).toBe(true);

  network.heal(a, b);
  network.heal(a, c);
  await Promise.all([b.start(), c.start()]);
  await Promise.all([isRemoved(b), isRemoved(c)]);
  await sleep(2 * timing.electionTimeoutMillis);
  expect(await Promise.all([a, b, c].map(isPrimary))).toEqual([true, false, false]);
  expect(await write(a, 'still')).not.toHaveProperty('writeConcernError');
});
