import fc from 'fast-check';
import type { PlanInput, PlanOutcome } from '../../../src/domain/plan';
import type { DesiredMember, MemberConfig } from '../../../src/domain/replica-set';
import { planMembership } from '../../../src/planner/plan-membership';
import { createModel, desired, execute, member, observe, type ServerModel } from './server-model';

const HOSTS = ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'd0', 'd1'].map((name) => `${name}:27017`);
const ARBITER = 'e9:27017';

interface Trait {
  readonly present: boolean;
  readonly wanted: boolean;
  readonly down: boolean;
  readonly votesNow: boolean;
  readonly votesThen: boolean;
  readonly priorityNow: number;
  readonly priorityThen: number;
  readonly hiddenNow: boolean;
  readonly hiddenThen: boolean;
  readonly delayThen: boolean;
  readonly moves: boolean;
}

const rarely = fc.integer({ min: 0, max: 7 }).map((n) => n === 0);
const mostly = fc.integer({ min: 0, max: 5 }).map((n) => n > 0);
const trait: fc.Arbitrary<Trait> = fc.record({
  present: fc.boolean(),
  wanted: fc.boolean(),
  down: rarely,
  votesNow: mostly,
  votesThen: mostly,
  priorityNow: fc.integer({ min: 0, max: 3 }),
  priorityThen: fc.integer({ min: 0, max: 3 }),
  hiddenNow: rarely,
  hiddenThen: rarely,
  delayThen: rarely,
  moves: rarely,
});

const world = fc.record({
  traits: fc.array(trait, { minLength: HOSTS.length, maxLength: HOSTS.length }),
  arbiterNow: rarely,
  arbiterThen: rarely,
  arbiterDown: rarely,
  usersReady: mostly,
  anyDown: fc.boolean(),
  fresh: rarely,
  chances: fc.infiniteStream(fc.nat()),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

/** A legal configuration of at most 7 votes with someone to elect. */
function presentMembers(from: World): MemberConfig[] | undefined {
  if (from.fresh) return undefined;
  const rows = HOSTS.flatMap((host, id) => {
    const one = from.traits[id];
    if (one === undefined || !one.present) return [];
    return [{ id, host, one }];
  });
  let votes = from.arbiterNow ? 1 : 0;
  const members = rows.map(({ id, host, one }) => {
    const voting = one.votesNow && votes < 7;
    if (voting) votes += 1;
    const priority = voting && !one.hiddenNow ? one.priorityNow : 0;
    return member(id, host, { votes: voting ? 1 : 0, priority, hidden: priority === 0 && one.hiddenNow });
  });
  const all = from.arbiterNow
    ? [...members, member(20, ARBITER, { arbiterOnly: true, priority: 0, tags: {} })]
    : members;
  return all.some((entry) => entry.priority > 0) ? all : undefined;
}

/** Where a member that runs is wanted: at a new address, now and then. */
const addressThen = (host: string, { present, moves }: Trait): string =>
  present && moves ? host.replace('27017', '30017') : host;

function desiredMembers(from: World, running: readonly MemberConfig[]): DesiredMember[] {
  let votes = 0;
  const rows = HOSTS.flatMap((host, id) => {
    const one = from.traits[id];
    if (one === undefined || !one.wanted) return [];
    const voting = one.votesThen && votes < (from.arbiterThen ? 6 : 7);
    if (voting) votes += 1;
    const hidden = one.hiddenThen;
    const delayed = one.delayThen;
    const runs = running.some((entry) => entry.host === host);
    return [
      desired(runs ? addressThen(host, one) : host, {
        ordinal: Number(host.slice(1, 2)),
        votes: voting ? 1 : 0,
        priority: voting && !hidden && !delayed ? one.priorityThen : 0,
        hidden,
        secondaryDelaySecs: delayed ? 3600 : 0,
      }),
    ];
  });
  return from.arbiterThen ? [...rows, desired(ARBITER, { ordinal: 'arbiter', priority: 0, tags: {} })] : rows;
}

const inputOf = (model: ServerModel, wish: readonly DesiredMember[], usersReady: boolean): PlanInput => ({
  setName: 'rs0',
  generation: 1,
  desired: wish,
  observation: observe(
    model,
    wish.map(({ host }) => host),
  ),
  seedHost: wish.find(({ priority }) => priority > 0)?.host ?? '',
  usersReady,
  existed: model.config !== undefined,
  highestMemberId: model.config === undefined ? undefined : Math.max(...model.usedIds),
});

const votersIn = (model: ServerModel): MemberConfig[] =>
  (model.config?.members ?? []).filter(({ votes }) => votes > 0);

/** S9: after every step that changes anything a majority is healthy. */
function checkPrefix(model: ServerModel): void {
  const voters = votersIn(model);
  const healthy = voters.filter(({ host }) => !model.down.has(host)).length;
  expect(voters.length).toBeLessThanOrEqual(7);
  expect(healthy * 2).toBeGreaterThan(voters.length);
}

const isEven = (model: ServerModel): boolean => votersIn(model).length % 2 === 0;

describe('planned membership against the rules of a server', () => {
  const tally = new Map<string, number>();

  test('no planned step is ever refused, every prefix keeps its quorum, and one pass converges (S1, S5–S7, S9–S14)', () => {
    fc.assert(
      fc.property(world, (from) => {
        const running = presentMembers(from) ?? [];
        const wish = desiredMembers(from, running);
        const down = new Set(
          from.anyDown
            ? [
                ...HOSTS.filter((_, index) => from.traits[index]?.down === true),
                ...(from.arbiterDown ? [ARBITER] : []),
              ]
            : [],
        );
        const chances = from.chances[Symbol.iterator]();
        const choose = (n: number): number => Number(chances.next().value) % n;
        const model = createModel(running.length === 0 ? undefined : running, down, choose);
        for (const [index, one] of from.traits.entries()) {
          const host = HOSTS[index] ?? '';
          const then = addressThen(host, one);
          if (then !== host && wish.some((member) => member.host === then)) model.alsoAt.set(then, host);
        }
        model.users = from.usersReady;
        const usable = new Set([...wish.map(({ host }) => host), ...votersIn(model).map(({ host }) => host)]);
        const troubled = [...usable].some((host) => down.has(host));

        const started = isEven(model) ? 'even' : 'odd';
        const first = planMembership(inputOf(model, wish, model.users));
        tally.set(first.kind, (tally.get(first.kind) ?? 0) + 1);
        if (first.kind !== 'plan') {
          // Only what is wrong in itself may be refused when every member answers.
          if (first.kind === 'refusal') expect(['S4', 'S5', 'S6', 'S7']).toContain(first.rule);
          else expect(troubled || model.primary === undefined).toBe(true);
          return;
        }
        if (first.plan.steps.some((step) => step.kind === 'setMemberFields' && step.newHost !== undefined))
          tally.set('moved', (tally.get('moved') ?? 0) + 1);
        for (const step of first.plan.steps) {
          execute(model, step);
          checkPrefix(model);
        }
        expect(first.plan.after.votes).toBe(votersIn(model).length);
        const again: PlanOutcome = planMembership(inputOf(model, wish, model.users));
        if (!troubled) {
          expect(again).toMatchObject({ kind: 'plan', plan: { steps: [] } });
          expect(isEven(model)).toBe(false);
          expect(describeMembers(model.config?.members ?? [])).toEqual(describeMembers(wish));
          return;
        }
        // Something is down: what can be done is done within a few rounds, and the rest waits.
        const last = settle(model, wish, again);
        expect(last.kind).not.toBe('refusal');
        if (last.kind === 'plan') expect(last.plan.steps).toEqual([]);
        if (last.kind === 'wait' && started === 'odd') expect(isEven(model)).toBe(false);
      }),
      { numRuns: 2500 },
    );
    expect(tally.get('plan')).toBeGreaterThan(500);
    expect(tally.get('moved')).toBeGreaterThan(100);
    expect(tally.get('wait')).toBeGreaterThan(20);
    expect(tally.get('refusal')).toBeGreaterThan(20);
  });
});

/** Executes plan after plan; four rounds must be enough. */
function settle(model: ServerModel, wish: readonly DesiredMember[], first: PlanOutcome): PlanOutcome {
  let outcome = first;
  for (let round = 0; round < 4; round += 1) {
    if (outcome.kind !== 'plan' || outcome.plan.steps.length === 0) return outcome;
    for (const step of outcome.plan.steps) {
      execute(model, step);
      checkPrefix(model);
    }
    outcome = planMembership(inputOf(model, wish, model.users));
  }
  return outcome;
}

function describeMembers(members: readonly (MemberConfig | DesiredMember)[]): unknown[] {
  return [...members]
    .map(({ host, votes, priority, hidden, secondaryDelaySecs }) => ({
      host,
      votes,
      priority,
      hidden,
      secondaryDelaySecs,
    }))
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}
