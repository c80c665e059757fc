import { setTimeout as sleep } from 'node:timers/promises';
import { writablePrimary } from '../../../src/domain/health';
import type { LossMarks } from '../../../src/domain/loss';
import type { DesiredMember, ReplicaSetObservation } from '../../../src/domain/replica-set';
import type { Access } from '../../../src/mongodb/connect';
import { executeStep } from '../../../src/mongodb/execute-step';
import { observeReplicaSet } from '../../../src/mongodb/observe';
import { canSystemUsersSignIn } from '../../../src/mongodb/users';
import { judgeClusters, type Evidence } from '../../../src/planner/judge-clusters';
import { planMembership } from '../../../src/planner/plan-membership';
import { engine, startMongods, type MongodFleet } from './mongod-process';

jest.setTimeout(240_000);

const PASSWORDS = { root: 'root-pw', clusterAdmin: 'ca-pw', clusterMonitor: 'cm-pw' };
const CLUSTERS = ['east', 'north', 'west', 'west'] as const;

describe('a lost cluster, as surviving mongods tell it', () => {
  let fleet: MongodFleet;
  let access: Access;
  const hostAt = (index: number): string => fleet.members[index]?.host ?? '';
  const wish = (index: number): DesiredMember => ({
    cluster: CLUSTERS[index] ?? '',
    ordinal: index === 3 ? 1 : 0,
    host: hostAt(index),
    votes: 1,
    priority: 1,
    hidden: false,
    secondaryDelaySecs: 0,
    tags: { cluster: CLUSTERS[index] ?? '' },
  });

  beforeAll(async () => {
    fleet = await startMongods(4);
    access = { credentials: { kind: 'keyfile', key: fleet.keyfile }, options: { connectTimeoutMs: 1_000 } };
    await until('all run', async () => (await look()).reports.length === 4);
    await bring([wish(0), wish(1), wish(2)], false);
    await until('all serve', async () => {
      const states = (await look()).reports.map(({ stateName }) => stateName);
      return states.filter((state) => state === 'PRIMARY' || state === 'SECONDARY').length === 3;
    });
  });
  afterAll(() => fleet.stop());

  const look = (): Promise<ReplicaSetObservation> =>
    observeReplicaSet(
      fleet.members.map(({ host }) => host),
      access,
    );

  /** Plans and executes until nothing is left, as the operation does. */
  async function bring(desired: readonly DesiredMember[], existed = true): Promise<string[]> {
    const done: string[] = [];
    await until('as desired', async () => {
      const observation = await look();
      const primary = writablePrimary(observation.reports)?.host;
      const outcome = planMembership({
        setName: 'replset-0',
        generation: 1,
        desired,
        observation,
        seedHost: hostAt(0),
        existed,
        usersReady: primary !== undefined && (await canSystemUsersSignIn(primary, PASSWORDS)),
      });
      if (outcome.kind !== 'plan') return false;
      for (const step of outcome.plan.steps) {
        await executeStep(step, {
          hosts: desired.map(({ host }) => host),
          keyfile: fleet.keyfile,
          passwords: PASSWORDS,
        });
        done.push(step.kind);
      }
      return !existed || outcome.plan.steps.length === 0;
    });
    return done;
  }

  /** @param api clusters whose API server answers */
  function judge(
    observation: ReplicaSetObservation,
    api: readonly string[],
    marks: LossMarks = {},
  ): Evidence {
    const platform = ['east', 'north', 'west'].map((cluster) => ({
      cluster,
      ready: api.includes(cluster),
      api: api.includes(cluster),
    }));
    return judgeClusters({ platform, observation, clusterOf: new Map(), marks });
  }

  test(`${engine.name}: dead to both views, replaced, and no second primary when it comes back`, async () => {
    const others = ['north', 'west'];
    // An API server that is down says nothing of its mongods.
    expect(judge(await look(), others).looks).toEqual({});
    const primary = writablePrimary((await look()).reports)?.host;
    expect(primary).toBe(hostAt(0));
    await fleet.members[0]?.kill('SIGKILL');
    await until('the survivors miss it', async () => {
      const { looks } = judge(await look(), others);
      return looks['east']?.hold === undefined && looks['east']?.confirmed === true;
    });
    const evidence = judge(await look(), others).looks['east'];
    expect(evidence?.views).toContain(`${hostAt(0)} down to ${hostAt(1)}, ${hostAt(2)}`);
    // Mongods that are down where the API server answers are the matter of their pods.
    expect(judge(await look(), ['east', ...others])).toMatchObject({ looks: {}, silent: ['east'] });

    const kinds = await bring([wish(1), wish(2), wish(3)]);
    expect(kinds.indexOf('removeMember')).toBeLessThan(kinds.indexOf('grantVote'));
    const config = writablePrimary((await look()).reports)?.config;
    expect(config?.members.map(({ host, votes }) => [host, votes])).toEqual([
      [hostAt(1), 1],
      [hostAt(2), 1],
      [hostAt(3), 1],
    ]);

    fleet.members[0]?.start();
    await until('it is back and out of the set', async () => {
      const report = (await look()).reports.find(({ host }) => host === hostAt(0));
      return report?.membership === 'removed';
    });
    // Longer than an election takes: it must not win one among those that it remembers.
    for (let second = 0; second < 12; second += 1) {
      const claims = (await look()).reports.filter(({ stateName }) => stateName === 'PRIMARY');
      expect(claims.map(({ host }) => host)).toEqual([expect.not.stringMatching(`^${hostAt(0)}$`)]);
      await sleep(1_000);
    }
    expect(
      judge(await look(), ['east', ...others], { east: { at: '', since: '', views: '' } }).looks,
    ).toMatchObject({
      east: { looks: 'alive' },
    });
  });

  // The last one: a member that goes on after a pause may win the next election.
  test('who is down to the others is not waited for, and who has come back is seen', async () => {
    const patient = { ...access, options: { connectTimeoutMs: 60_000, answerTimeoutMs: 60_000 } };
    fleet.members[3]?.signal('SIGSTOP');
    await until('the others call it down', async () => {
      const primary = writablePrimary((await look()).reports);
      return primary?.views.some(({ host, health }) => host === hostAt(3) && health === 0) === true;
    });
    const { reports, unreachable } = await observeReplicaSet([hostAt(1)], patient);
    expect(reports.map(({ host }) => host)).toEqual([hostAt(1), hostAt(2)]);
    expect(unreachable.map(({ host }) => host)).toEqual([hostAt(3)]);
    expect(unreachable[0]?.reason).toContain('the members that answer call it down');
    fleet.members[3]?.signal('SIGCONT');
    await until('it is seen again', async () => {
      const seen = await observeReplicaSet([hostAt(1)], patient);
      return seen.reports.filter(({ membership }) => membership === 'member').length === 3;
    });
  });
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come to hold: ${what}`);
    await sleep(500);
  }
}
