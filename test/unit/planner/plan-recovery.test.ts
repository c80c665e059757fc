import fc from 'fast-check';
import { ForceWarrant } from '../../../src/domain/force-warrant';
import type { ChangePlan, StepFacts } from '../../../src/domain/plan';
import {
  majorityOf,
  type MemberConfig,
  type MemberReport,
  type OpTime,
  type ReplicaSetConfig,
} from '../../../src/domain/replica-set';
import { judgeGate } from '../../../src/planner/gate';
import { planRecovery } from '../../../src/planner/plan-recovery';
import type { RecoverySight } from '../../../src/planner/recovery-sight';
import { simulate } from '../../../src/planner/simulate';
import { member } from './server-model';

const at = (seconds: number, term = 2, increment = 1): OpTime => ({ term, seconds, increment });

interface Situation {
  readonly members?: readonly MemberConfig[];
  /** Host → how far it is; who is not in it does not answer. */
  readonly up?: Readonly<Record<string, OpTime>>;
  readonly states?: Readonly<Record<string, MemberReport['stateName']>>;
  /** Hosts that survivors see up although they do not answer us. */
  readonly seen?: Readonly<Record<string, MemberReport['stateName']>>;
  readonly sites?: Readonly<Record<string, { readonly ready: boolean; readonly api: boolean }>>;
  readonly signs?: Readonly<Record<string, string>>;
  readonly untold?: Readonly<Record<string, string>>;
  readonly version?: number;
  readonly generation?: number;
}

const THREE = ['a0', 'b0', 'c0'].map((host, id) => member(id, host));
const FIVE = ['a0', 'a1', 'b0', 'b1', 'c0'].map((host, id) => member(id, host));
const GONE = { ready: false, api: false };
const UP = { ready: true, api: true };

function factsOf(situation: Situation = {}): RecoverySight {
  const { members = THREE, up = { a0: at(100) }, states = {}, seen = {}, version = 7 } = situation;
  const sites = { a: UP, b: GONE, c: GONE, ...situation.sites };
  const config: ReplicaSetConfig = { _id: 'rs0', replicaSetId: 'x', version, term: 2, members };
  const reports = Object.entries(up).map(([host, optime]): MemberReport => ({
    host,
    version: '7.0.0',
    membership: 'member',
    stateName: states[host] ?? 'SECONDARY',
    config,
    views: members.map(({ _id, host: other }) => {
      const stateName = other in up ? (states[other] ?? 'SECONDARY') : (seen[other] ?? 'DOWN');
      return {
        _id,
        host: other,
        health: stateName === 'DOWN' ? 0 : 1,
        state: 0,
        stateName,
        optime: other === host ? optime : { seconds: 0, increment: 0, term: -1 },
        syncSourceHost: '',
        uptimeSeconds: 9,
        self: other === host,
      };
    }),
  }));
  return {
    setName: 'rs0',
    generation: situation.generation ?? 1,
    observation: { at: '', reports, unreachable: [] },
    clusterOf: new Map(),
    platform: Object.entries(sites).map(([cluster, sight]) => ({ cluster, ...sight })),
    signs: new Map(Object.entries(situation.signs ?? {})),
    untold: new Map(Object.entries(situation.untold ?? {})),
  };
}

function planned(situation: Situation): ChangePlan {
  const outcome = planRecovery(factsOf(situation));
  if (outcome.kind === 'refusal') throw new Error(outcome.message);
  return outcome.plan;
}
const refusal = (situation: Situation): string => {
  const outcome = planRecovery(factsOf(situation));
  return outcome.kind === 'refusal' ? outcome.message : 'a plan';
};
const kinds = ({ steps }: ChangePlan): string[] => steps.map(({ kind }) => kind);
const forced = ({ steps }: ChangePlan) => {
  const step = steps.find((one) => one.kind === 'forceReconfig');
  if (step === undefined) throw new Error('nothing is forced');
  return step;
};

describe('the plan', () => {
  it('fences the others, forces one configuration at the survivor, and has it lead', () => {
    const plan = planned({});
    expect(kinds(plan)).toEqual(['fence', 'forceReconfig', 'stepUp']);
    expect(plan.steps[0]).toMatchObject({ clusters: ['b', 'c'] });
    expect(forced(plan)).toMatchObject({
      host: 'a0',
      expected: { version: 7, term: 2 },
      members: [THREE[0]],
    });
    expect([plan.risk, plan.before.margin, plan.after.margin, plan.after.votes]).toEqual(['force', -1, 0, 1]);
  });

  it('has the survivor with the latest term lead, then the one with the latest operation, then the preferred one', () => {
    const leads = (a0: OpTime, a1: OpTime): string => forced(planned({ members: FIVE, up: { a0, a1 } })).host;
    expect(leads(at(900, 2), at(100, 3))).toBe('a1');
    expect(leads(at(100), at(101))).toBe('a1');
    expect(leads(at(100, 2, 5), at(100, 2, 4))).toBe('a0');
    const preferred = FIVE.map((one) => (one.host === 'a1' ? { ...one, priority: 5 } : one));
    expect(forced(planned({ members: preferred, up: { a0: at(1), a1: at(1) } })).host).toBe('a1');
  });

  it('gives the leader a vote whatever it was, and none to who cannot lead; an arbiter stays only for an odd number', () => {
    const members = [
      member(0, 'a0', { votes: 0, priority: 0, hidden: true, secondaryDelaySecs: 60 }),
      member(1, 'a1'),
      member(2, 'b0'),
      member(3, 'b1'),
      member(4, 'c0'),
      member(5, 'a9', { arbiterOnly: true, priority: 0 }),
    ];
    const up = { a0: at(9), a1: at(5), a9: at(0) };
    const states = { a1: 'RECOVERING', a9: 'ARBITER' } as const;
    const step = forced(planned({ members, up, states }));
    expect(step.members.map(({ host, votes, priority }) => [host, votes, priority])).toEqual([
      ['a0', 1, 1],
      ['a1', 0, 0],
    ]);
    expect(step.members[0]).toMatchObject({ hidden: false, secondaryDelaySecs: 0 });
    const both = planned({
      members: members.map((one) => (one.host === 'a1' ? { ...one, votes: 0, priority: 0 } : one)),
      up: { a0: at(9), a9: at(0) },
      states,
    });
    expect(forced(both).members.map(({ host }) => host)).toEqual(['a0']);
  });

  it('says who is left in order, what is at stake, and what a fence cannot do yet', () => {
    const said = planned({
      members: FIVE,
      up: { a0: at(100), a1: at(95) },
      sites: { c: { ready: true, api: true } },
    }).warnings.join('\n');
    expect(said).toMatch(/1\. a0 in a at term 2, 1970-01-01T00:01:40.000Z\/1; 2\. a1 in a .*, 5 s behind/);
    expect(said).toMatch(
      /may exist only on b0 in b and b1 in b and c0 in c, writes that a majority acknowledged/,
    );
    expect(said).toMatch(/^b cannot be reached: .*second primary/m);
    expect(said).toMatch(/^c answers, with no mongod that runs: bring these members back instead/m);
    expect(planned({ sites: { d: UP } }).warnings.join()).not.toContain('not registered');
  });
});

describe('nothing is forced', () => {
  it.each<[string, Situation, RegExp]>([
    ['while there is a primary', { states: { a0: 'PRIMARY' } }, /a0 is primary/],
    ['while survivors see one', { seen: { b0: 'PRIMARY' } }, /our side that is cut off/],
    ['while a majority answers', { up: { a0: at(1), b0: at(1) } }, /majority of the voters answers/],
    ['while survivors see a majority', { seen: { b0: 'SECONDARY' } }, /see a majority of the voters up/],
    [
      'while one of the others is up to a survivor',
      { members: FIVE, seen: { b0: 'SECONDARY' } },
      /b0 is up to a0: bring it back \(S20\)/,
    ],
    [
      'while a pod of the others is ready',
      { signs: { b0: 'its pod is ready' } },
      /b0 lives: its pod is ready/,
    ],
    [
      'while a cluster answers and does not tell',
      { sites: { b: UP }, untold: { b: '403' } },
      /does not tell .*403/,
    ],
    ['while Karmada says otherwise', { sites: { c: { ready: true, api: false } } }, /views do not agree/],
    ['when nobody answers', { up: {} }, /nothing to recover from/],
    ['when only an arbiter answers', { states: { a0: 'ARBITER' } }, /could lead/],
  ])('%s', (_what, situation, message) => {
    expect(refusal(situation)).toMatch(message);
  });
});

describe('what was agreed to', () => {
  const judge = (plan: ChangePlan, agreed: { hash: string; by?: string } | undefined, annotated?: string) =>
    judgeGate({
      plan,
      approval: 'Auto',
      windows: [],
      agreed: agreed === undefined ? undefined : { risky: plan.risky, ...agreed },
      annotated,
      now: new Date(0),
    }).open;

  it('is asked for whatever the policy, by name, and an annotation is not enough', () => {
    const plan = planned({});
    expect(judge(plan, undefined)).toBe(false);
    expect(judge(plan, undefined, plan.hash)).toBe(false);
    expect(judge(plan, { hash: plan.hash })).toBe(false);
    expect(judge(plan, { hash: plan.hash, by: ' ' })).toBe(false);
    expect(judge(plan, { hash: plan.hash, by: 'ann' })).toBe(true);
    expect(judge(plan, { hash: 'another', by: 'ann' })).toBe(false);
  });

  it.each<[string, Situation]>([
    ['another generation', { generation: 2 }],
    ['another configuration', { version: 8 }],
    ['a survivor that is further', { up: { a0: at(101) } }],
    ['another leader', { members: FIVE, up: { a1: at(100) } }],
  ])('is another plan with %s', (_what, situation) => {
    expect(planned(situation).hash).not.toBe(planned({}).hash);
  });

  it('is the same plan when nothing has changed', () => {
    expect(planned({}).hash).toBe(planned({}).hash);
  });

  it('alone makes a warrant to force', () => {
    const plan = planned({});
    const agreed = { hash: plan.hash, risky: [], by: 'ann' };
    expect(ForceWarrant.of(plan, agreed)).toBeInstanceOf(ForceWarrant);
    expect(ForceWarrant.of(plan, undefined)).toBeUndefined();
    expect(ForceWarrant.of(plan, { ...agreed, by: '' })).toBeUndefined();
    expect(ForceWarrant.of(plan, { ...agreed, hash: 'x' })).toBeUndefined();
    expect(ForceWarrant.of({ ...plan, risk: 'quorum' }, agreed)).toBeUndefined();
  });
});

describe('on paper', () => {
  const start = (primaryHost?: string) => ({
    initiated: true,
    members: THREE,
    primaryHost,
    down: new Set(['b0', 'c0']),
    synced: new Set<string>(),
    highestId: 2,
    clusters: new Map(THREE.map(({ host }) => [host, host.slice(0, 1)])),
    removing: false,
  });
  const fence: StepFacts = { kind: 'fence', clusters: ['b', 'c'] };
  const force: StepFacts = {
    kind: 'forceReconfig',
    host: 'a0',
    expected: { version: 7 },
    members: THREE.slice(0, 1),
  };

  it.each<[string, readonly StepFacts[], string | undefined, RegExp]>([
    [
      'a cluster that is not fenced could make a second primary',
      [{ ...fence, clusters: ['b'] }, force],
      undefined,
      /c is not fenced/,
    ],
    ['a primary is not forced away', [fence, force], 'a0', /is primary/],
    ['who lives is not fenced', [{ ...fence, clusters: ['a'] }], undefined, /a0 lives/],
    [
      'who is down is no survivor',
      [fence, { ...force, members: THREE.slice(0, 2) }],
      undefined,
      /b0 is down/,
    ],
    [
      'a stranger is no survivor',
      [fence, { ...force, members: [member(9, 'a0')] }],
      undefined,
      /no member of _id 9/,
    ],
  ])('%s', (_what, steps, primary, message) => {
    expect(simulate(steps, start(primary), false).fault?.message).toMatch(message);
  });
});

/** The server's side of it: who could still win an election, by the configuration that it holds. */
function canElect(members: readonly MemberConfig[], up: ReadonlySet<string>): boolean {
  const voters = members.filter(({ votes }) => votes > 0);
  const able = members.some(({ host, priority, votes }) => up.has(host) && priority > 0 && votes > 0);
  return able && voters.filter(({ host }) => up.has(host)).length >= majorityOf(voters.length);
}

test('whatever is lost: a plan only where nobody can lead, it ends with one that can, and all who could make another are fenced', () => {
  const hosts = ['a0', 'a1', 'b0', 'b1', 'c0', 'd0', 'd1'];
  const world = fc.record({
    kept: fc.subarray(hosts, { minLength: 1 }),
    up: fc.subarray(hosts),
    optimes: fc.array(fc.nat({ max: 3 }), { minLength: 7, maxLength: 7 }),
    terms: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 7, maxLength: 7 }),
    silentVotes: fc.subarray(hosts),
  });
  let plans = 0;
  fc.assert(
    fc.property(world, ({ kept, up, optimes, terms, silentVotes }) => {
      const members = kept.map((host, id) =>
        member(id, host, silentVotes.includes(host) ? { votes: 0, priority: 0 } : {}),
      );
      const alive = kept.filter((host) => up.includes(host));
      const times = Object.fromEntries(
        alive.map((host) => [host, at(optimes[hosts.indexOf(host)] ?? 0, terms[hosts.indexOf(host)])]),
      );
      const site = (name: string) => (alive.some((host) => host.startsWith(name)) ? UP : GONE);
      const sites = { a: site('a'), b: site('b'), c: site('c'), d: site('d') };
      const outcome = planRecovery(factsOf({ members, up: times, sites }));
      const answering = new Set(alive);
      const voters = members.filter(({ votes }) => votes > 0);
      const majority = voters.filter(({ host }) => answering.has(host)).length >= majorityOf(voters.length);
      if (outcome.kind === 'refusal') {
        expect(majority || alive.length === 0 || voters.length === 0).toBe(true);
        return;
      }
      plans += 1;
      expect(majority).toBe(false);
      const step = forced(outcome.plan);
      expect(kinds(outcome.plan).filter((kind) => kind === 'forceReconfig')).toHaveLength(1);
      expect(canElect(step.members, answering)).toBe(true);
      const later = alive.filter((host) => {
        const [mine, best] = [times[host], times[step.host]];
        return (
          mine !== undefined &&
          best !== undefined &&
          (mine.term - best.term || mine.seconds - best.seconds) > 0
        );
      });
      expect(later).toEqual([]);
      const fenced = outcome.plan.steps.flatMap((one) => (one.kind === 'fence' ? one.clusters : []));
      // Of who is left out, those that are not fenced are beside a survivor, which tells them the new configuration.
      const free = kept.filter((host) => !answering.has(host) && !fenced.includes(host.slice(0, 1)));
      expect(free.every((host) => alive.some((one) => one[0] === host[0]))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
  expect(plans).toBeGreaterThan(200);
});
