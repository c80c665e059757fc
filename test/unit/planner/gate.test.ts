import type { ChangePlan, Risk, StepFacts } from '../../../src/domain/plan';
import { judgeGate, type GateFacts } from '../../../src/planner/gate';
import { toStep } from '../../../src/planner/step-contract';

const VIEW = { votes: 3, majority: 2, healthyVotes: 3, margin: 1, losses: [] };

function stepOf(risk: Risk): StepFacts {
  if (risk === 'primaryChange') return { kind: 'stepDown', host: 'a:1', freezeHosts: [] };
  const member = { cluster: 'a', ordinal: 0, host: 'a:1' };
  return risk === 'dataLoss'
    ? { kind: 'wipeMember', ...member, claim: 'c' }
    : { kind: 'restartMember', ...member };
}

function planOf(risk: Risk, risky: readonly string[], hash = 'h1'): ChangePlan {
  const facts = stepOf(risk);
  return {
    steps: risk === 'safe' ? [] : [toStep(facts)],
    hash,
    margins: [],
    risk,
    risky,
    provisional: false,
    warnings: [],
    before: VIEW,
    after: VIEW,
  };
}

const judge = (more: Partial<GateFacts>) =>
  judgeGate({
    plan: planOf('quorum', ['restartMember a/0']),
    approval: 'Auto',
    windows: [],
    now: new Date('2026-11-25T12:00:00Z'), // a Wednesday
    ...more,
  });

describe('what a policy asks a person for', () => {
  it.each([
    ['Auto', planOf('primaryChange', ['stepDown a/0']), true],
    ['OnPrimaryChange', planOf('primaryChange', ['stepDown a/0']), false],
    ['OnPrimaryChange', planOf('quorum', ['restartMember a/0']), true],
    ['Auto', planOf('dataLoss', ['wipeMember a/0']), true],
    ['OnPrimaryChange', planOf('dataLoss', ['wipeMember a/0']), false],
    ['Always', planOf('safe', []), false],
    ['Auto', planOf('force', ['forceReconfig a/0']), false],
  ] as const)('%s, of a plan whose risk is $risk', (approval, plan, open) => {
    const gate = judge({ approval, plan });
    expect(gate.open).toBe(open);
    if (gate.open) return;
    expect(gate.wait.code).toBe('ApprovalNeeded');
    expect(gate.wait.message).toContain('h1');
  });

  it('takes an annotation for the very plan, and never for force (S4)', () => {
    const plan = planOf('quorum', ['restartMember a/0']);
    expect(judge({ approval: 'Always', plan, annotated: 'h1' })).toEqual({
      open: true,
      agreedBy: 'holder of patch',
    });
    expect(judge({ approval: 'Always', plan, annotated: 'h2' }).open).toBe(false);
    expect(judge({ plan: planOf('force', ['x']), annotated: 'h1' }).open).toBe(false);
  });

  it('lets a plan run that risks nothing that was not agreed to, and asks again for one that does', () => {
    const agreed = { hash: 'h0', risky: ['restartMember a/0', 'restartMember b/0'], by: 'ann' };
    expect(judge({ approval: 'Always', agreed }).open).toBe(true);
    const more = planOf('primaryChange', ['restartMember a/0', 'stepDown a/0'], 'h2');
    expect(judge({ approval: 'Always', agreed, plan: more }).open).toBe(false);
  });
});

describe('windows', () => {
  const saturday = [{ schedule: '0 2 * * 6', durationMinutes: 120 }];

  it.each([
    ['before', '2026-11-25T12:00:00Z', '2026-11-28T02:00:00.000Z'],
    ['as it opens', '2026-11-28T02:00:00Z', undefined],
    ['in its midst', '2026-11-28T03:59:00Z', undefined],
    ['after', '2026-11-28T04:01:00Z', '2026-12-05T02:00:00.000Z'],
  ])('%s', (_when, now, opensAt) => {
    const gate = judge({ windows: saturday, now: new Date(now) });
    expect(gate.open ? undefined : gate.opensAt).toBe(opensAt);
    if (!gate.open) expect(gate.wait.code).toBe('OutsideWindow');
  });

  it('opens at the nearest of several, and what has begun is not held up by one that closes', () => {
    const windows = [...saturday, { schedule: '30 13 * * *', durationMinutes: 10 }];
    const gate = judge({ windows });
    expect(gate.open ? '' : gate.opensAt).toBe('2026-11-25T13:30:00.000Z');
    const agreed = { hash: 'h0', risky: ['restartMember a/0'] };
    expect(judge({ windows, agreed }).open).toBe(true);
  });
});

describe('a soak', () => {
  const noReturn = {
    ...planOf('pointOfNoReturn', ['setFCV 4.4']),
    steps: [toStep({ kind: 'setFCV', version: '4.4' })],
  };
  const during = { plan: noReturn, soakUntil: '2026-11-25T13:00:00.000Z' };

  it('holds back what cannot be taken back until it is over, and says how to end it', () => {
    const gate = judge(during);
    expect(gate).toMatchObject({ open: false, wait: { code: 'Soaking' }, opensAt: during.soakUntil });
    expect(gate.open ? '' : gate.wait.message).toMatch(
      /^Soak until 2026-11-25T13:00.*feature compatibility version 4\.4.*approve plan h1.*"cancel"/,
    );
    expect(judge({ ...during, now: new Date('2026-11-25T13:00:00Z') }).open).toBe(true);
  });

  it('is not ended by what was agreed to before, only by a word for this very plan', () => {
    const whole = { hash: 'h0', risky: ['restartMember a/0', 'stepDown b/0'], by: 'ann' };
    expect(judge({ ...during, agreed: whole }).open).toBe(false);
    expect(judge({ ...during, agreed: { hash: 'h0', risky: ['setFCV 4.4'], by: 'ann' } }).open).toBe(true);
    expect(judge({ ...during, annotated: 'h1' }).open).toBe(true);
  });

  it('over, leaves the point of no return to a person where all plans are', () => {
    const gate = judge({ ...during, approval: 'Always', now: new Date('2026-11-25T13:00:00Z') });
    expect(gate.open ? '' : gate.wait.code).toBe('ApprovalNeeded');
    expect(gate.open ? '' : gate.wait.message).toContain('a point of no return');
  });
});
