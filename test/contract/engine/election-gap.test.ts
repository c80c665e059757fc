import { setTimeout as sleep } from 'node:timers/promises';
import { readElection } from '../../../src/activities/elections';
import { judgeHealth, type Election } from '../../../src/domain/health';
import type { DesiredMember } from '../../../src/domain/replica-set';
import type { Access } from '../../../src/mongodb/connect';
import { readElectionGap, type ElectionGap } from '../../../src/mongodb/election-gap';
import { executeStep, type StepContext } from '../../../src/mongodb/execute-step';
import { observeReplicaSet } from '../../../src/mongodb/observe';
import { planMembership } from '../../../src/planner/plan-membership';
import { toStep } from '../../../src/planner/step-contract';
import { LABELS } from '../../../src/domain/marks';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';
import { engine, startMongods, type MongodFleet } from './mongod-process';

jest.setTimeout(240_000);

const PASSWORDS = { root: 'root-pw', clusterAdmin: 'ca-pw', clusterMonitor: 'cm-pw' };

describe('what an election cost in writes', () => {
  let fleet: MongodFleet;
  let access: Access;
  let desired: readonly DesiredMember[];
  const outages: number[] = [];

  beforeAll(async () => {
    fleet = await startMongods(3);
    access = { credentials: { kind: 'keyfile', key: fleet.keyfile }, options: { connectTimeoutMs: 1_000 } };
    desired = fleet.members.map(({ host }, index) => ({
      cluster: `c${index}`,
      ordinal: 0,
      host,
      votes: 1,
      priority: 1,
      hidden: false,
      secondaryDelaySecs: 0,
      tags: {},
    }));
    await until('all run', async () => (await look()).reports.length === 3);
    const outcome = planMembership({
      setName: 'replset-0',
      generation: 1,
      desired,
      observation: await look(),
      seedHost: fleet.members[0]?.host ?? '',
      existed: false,
      usersReady: false,
    });
    if (outcome.kind !== 'plan') throw new Error(JSON.stringify(outcome));
    for (const step of outcome.plan.steps) await executeStep(step, context());
    await until('all serve', async () => judge(await look()).margin === 1);
  });
  afterAll(() => fleet.stop());

  const look = () =>
    observeReplicaSet(
      fleet.members.map(({ host }) => host),
      access,
    );
  const judge = (observation: Awaited<ReturnType<typeof look>>) =>
    judgeHealth({ desired, observation, survivesAnyCluster: true });
  const context = (): StepContext => ({
    hosts: fleet.members.map(({ host }) => host),
    keyfile: fleet.keyfile,
    passwords: PASSWORDS,
    onOutage: (ms) => outages.push(ms),
  });
  const present = async (): Promise<Election> => {
    const { election } = judge(await look());
    if (election === undefined) throw new Error('no primary');
    return election;
  };

  /** The next election after `before`, and what the oplog of who won it tells. */
  async function next(before: Election): Promise<{ election: Election; gap: ElectionGap }> {
    let election = before;
    await until('another election', async () => {
      election = judge(await look()).election ?? before;
      return election.term > before.term;
    });
    let gap: ElectionGap | undefined;
    await until('the new term is written', async () => {
      gap = await readElectionGap(election.host, access, { since: before.term, term: election.term });
      return gap !== undefined;
    });
    if (gap === undefined) throw new Error('no gap');
    return { election, gap };
  }

  /** What the status is told of it by who knows the election before, with the credentials at hand and without. */
  async function expectStatus(before: Election, gap: ElectionGap): Promise<void> {
    const stub = createStubKube();
    const health = judge(await look());
    const at = before.at ?? '';
    const knows = { election: { term: before.term, primary: before.host, at } };
    const cr = makeInstance({}, {}, knows);
    const { term, host, reason } = health.election ?? before;
    expect(await readElection(makeStubContext(stub.kube), cr, health)).toMatchObject({ term, host });
    expect((await readElection(makeStubContext(stub.kube), cr, health))?.outageSeconds).toBeUndefined();
    const values = {
      rootPassword: PASSWORDS.root,
      clusterAdminPassword: PASSWORDS.clusterAdmin,
      clusterMonitorPassword: PASSWORDS.clusterMonitor,
      keyfile: fleet.keyfile,
    };
    stub.put(KINDS.secret, 'orders-auth', {
      metadata: { labels: { [LABELS.instanceUid]: cr.metadata.uid } },
      data: Object.fromEntries(
        Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      ),
    });
    expect(await readElection(makeStubContext(stub.kube), cr, health)).toEqual({
      term,
      host,
      reason,
      at: gap.firstWrite.toISOString(),
      outageSeconds: expect.closeTo((gap.firstWrite.getTime() - gap.lastWrite.getTime()) / 1000, 0) as number,
    });
    const same = makeInstance({}, {}, { election: { term, primary: host, at } });
    expect((await readElection(makeStubContext(stub.kube), same, health))?.outageSeconds).toBeUndefined();
  }

  test(`${engine.name}: a step-down by us is measured by our clock, and told by the oplog`, async () => {
    const before = await present();
    expect(before.at).toBeDefined();
    const step = toStep({ kind: 'stepDown', host: before.host, freezeHosts: [] });
    const asked = Date.now();
    await executeStep(step, context());
    const answered = Date.now();
    expect(outages).toHaveLength(1);
    expect(outages[0]).toBeLessThanOrEqual(answered - asked + 1);
    const { election, gap } = await next(before);
    expect(election.host).not.toBe(before.host);
    expect(gap.firstWrite.getTime()).toBeGreaterThanOrEqual(asked);
    expect(gap.firstWrite.getTime()).toBeLessThanOrEqual(answered);
    expect(gap.lastWrite.getTime()).toBeLessThan(gap.firstWrite.getTime());
    // Done already, it knows not what it cost.
    await executeStep(step, context());
    expect(outages).toHaveLength(1);
  });

  test(`${engine.name}: a primary that dies leaves a gap around its death`, async () => {
    const before = await present();
    const killed = Date.now();
    await fleet.members.find(({ host }) => host === before.host)?.kill('SIGKILL');
    const { election, gap } = await next(before);
    expect(election.host).not.toBe(before.host);
    expect(gap.lastWrite.getTime()).toBeLessThanOrEqual(Date.now());
    expect(gap.firstWrite.getTime()).toBeGreaterThan(killed);
    // The election timeout has run out in between.
    expect(gap.firstWrite.getTime() - gap.lastWrite.getTime()).toBeGreaterThan(5_000);
    await expectStatus(before, gap);
    // Of a term that the oplog does not reach back to nothing is told.
    expect(await readElectionGap(election.host, access, { since: -2, term: election.term })).toBeUndefined();
  });
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come to hold: ${what}`);
    await sleep(250);
  }
}
