import type { ChangePlan, Step } from '../../../src/domain/plan';
import { majorityOf } from '../../../src/domain/replica-set';
import type { Access } from '../../../src/mongodb/connect';
import { executeStep } from '../../../src/mongodb/execute-step';
import { raiseVersion } from '../../../src/mongodb/feature-version';
import { observeReplicaSet, reportMember } from '../../../src/mongodb/observe';
import { planInstance } from '../../../src/planner/plan-instance';
import { startWriter } from '../../../local/chaos/writer';
import { findEngine } from '../mongod/support/engine';
import { eventually, KEY, TestSet, type TestMember } from '../mongod/support/test-set';

jest.setTimeout(300_000);

const access: Access = { credentials: { kind: 'keyfile', key: KEY } };
const PASSWORDS = { root: 'root-pw', clusterAdmin: 'admin-pw', clusterMonitor: 'monitor-pw' };
const CLUSTERS = ['a', 'b', 'c'] as const;
const WANTED = '4.4';
// A true server is of one release.
const onStandIn = findEngine().name === 'stand-in' ? describe : describe.skip;

onStandIn('a plan for the next release, carried out on servers that are written to', () => {
  const set = new TestSet();
  const outdated = new Set<string>();
  let members: TestMember[] = [];
  let soaking: string | undefined;

  beforeAll(async () => {
    members = CLUSTERS.map((_, index) => set.member(index + 1, { environment: { MONGOD_DIALECT: '4.2' } }));
    await set.start(...members);
    const config = members.map(({ host }, _id) => ({ _id, host, tags: { cluster: CLUSTERS[_id] } }));
    await set.initiate(members, config);
    const root = { createUser: 'root', pwd: PASSWORDS.root, roles: ['root'] };
    await members[0]?.ask({ ...root, writeConcern: { w: 3, wtimeout: 20_000 } });
    await set.seen(members);
    for (const { host } of members) outdated.add(host);
  });
  afterAll(() => set.end());

  const hosts = (): string[] => members.map(({ host }) => host);

  async function plan(): Promise<ChangePlan> {
    const places = members.map(({ host }, index) => ({ cluster: CLUSTERS[index] ?? '', ordinal: 0, host }));
    const outcome = planInstance({
      membership: {
        setName: 'rs0',
        generation: 1,
        desired: places.map((place) => ({
          ...place,
          votes: 1 as const,
          priority: 1,
          hidden: false,
          secondaryDelaySecs: 0,
          tags: { cluster: place.cluster },
        })),
        observation: await observeReplicaSet(hosts(), access),
        seedHost: hosts()[0] ?? '',
        existed: true,
        usersReady: true,
      },
      members: places.map((place) => ({
        ...place,
        wanted: true,
        dispatched: true,
        restart: outdated.has(place.host),
      })),
      mustDispatch: false,
      upgrade: { wanted: WANTED, soaking, soakSeconds: 3600, whole: true },
    });
    if (outcome.kind !== 'plan') throw new Error(JSON.stringify(outcome));
    return outcome.plan;
  }

  /** A restart takes the other binary; the rest is what the activities do. */
  async function carryOut(step: Step): Promise<void> {
    switch (step.kind) {
      case 'stepDown':
        await executeStep(step, { hosts: hosts(), keyfile: KEY, passwords: PASSWORDS });
        return;
      case 'restartMember': {
        const member = members.find(({ host }) => host === step.host);
        await member?.stop('SIGTERM');
        await member?.start({ MONGOD_DIALECT: WANTED });
        outdated.delete(step.host);
        await set.seen(members);
        return;
      }
      case 'soak':
        soaking = step.version;
        return;
      case 'setFCV':
        await raiseVersion(
          members.map(({ host }) => ({ host, arbiterOnly: false })),
          access,
          step.version,
        );
        return;
      default:
        throw new Error(`${step.kind} is no part of an upgrade`);
    }
  }

  test('the primary comes last, the feature version after it, and no acknowledged write is lost (S2, S22)', async () => {
    const uri = `mongodb://root:${PASSWORDS.root}@${hosts().join(',')}/?replicaSet=rs0&authSource=admin`;
    const writer = await startWriter(uri, 'written');
    const kinds: string[] = [];
    for (let rounds = 0; rounds < 10; rounds += 1) {
      const { steps, upgrade } = await plan();
      if (steps.length === 0) break;
      for (const [index, step] of steps.entries()) {
        if (index > 0 && step.risk === 'pointOfNoReturn') break;
        if (step.kind === 'setFCV') {
          const reports = await Promise.all(hosts().map((host) => reportMember(host, access)));
          expect(reports.map(({ version }) => version.slice(0, 3))).toEqual([WANTED, WANTED, WANTED]);
          expect(reports.map((report) => report.featureCompatibilityVersion)).toEqual(['4.2', '4.2', '4.2']);
        }
        await carryOut(step);
        kinds.push(step.kind);
        if (step.kind === 'restartMember' && upgrade?.proven === false) break;
      }
    }
    expect(kinds).toEqual(['restartMember', 'restartMember', 'stepDown', 'restartMember', 'soak', 'setFCV']);
    const told = await eventually('a majority tells the new version', async () => {
      const reports = await Promise.all(hosts().map((host) => reportMember(host, access)));
      const raised = reports.filter((report) => report.featureCompatibilityVersion === WANTED).length;
      return raised >= majorityOf(3) ? raised : undefined;
    });
    expect(told).toBeGreaterThanOrEqual(2);
    await eventually('writes go on', () => Promise.resolve(writer.count() > 10 ? true : undefined));
    const { acknowledged, lost } = await writer.stop();
    expect(acknowledged).toBeGreaterThan(10);
    expect(lost).toEqual([]);
  });
});
