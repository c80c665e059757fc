import type { ChangeOutcome, StepFacts, SwitchTarget } from '../../../src/domain/plan';
import { planInstance, type InstancePlanInput } from '../../../src/planner/plan-instance';
import {
  createInstanceModel,
  inputOf,
  type InstanceModelFacts,
  type ReleaseFacts,
  type Share,
} from './instance-model';

const EACH: readonly Share[] = ['a', 'b', 'c'].map((cluster) => ({ cluster, members: 1 }));

function inputFrom(more: Partial<InstanceModelFacts>): InstancePlanInput {
  const facts: InstanceModelFacts = {
    present: EACH,
    wanted: EACH,
    outdated: new Set(),
    templateChanges: false,
    down: new Set(),
    choose: () => 0,
    ...more,
  };
  return inputOf(createInstanceModel(facts), facts);
}

const plan = (more: Partial<InstanceModelFacts>): ChangeOutcome => planInstance(inputFrom(more));

/** The same, and the first member is wanted at an address that leads to it already. */
function planNewAddress(more: Partial<InstanceModelFacts>): ChangeOutcome {
  const input = inputFrom(more);
  const move = <T extends { readonly host: string }>(one: T): T =>
    one.host === 'a0:27017' ? { ...one, host: 'a0:30017' } : one;
  const { observation } = input.membership;
  return planInstance({
    ...input,
    members: input.members.map(move),
    membership: {
      ...input.membership,
      desired: input.membership.desired.map(move),
      observation: { ...observation, reports: observation.reports.map(move) },
    },
  });
}

function outline(outcome: ChangeOutcome): string[] {
  if (outcome.kind !== 'plan') throw new Error(JSON.stringify(outcome));
  return outcome.plan.steps.map((step: StepFacts) =>
    [
      step.kind,
      ...('members' in step ? step.members.map(({ host }) => host) : []),
      ...('hosts' in step ? step.hosts : []),
      ...('host' in step ? [step.host] : []),
      ...('clusters' in step ? step.clusters : []),
    ].join(' '),
  );
}

describe('a change as one plan', () => {
  it('is empty when all is as asked for', () => {
    expect(outline(plan({}))).toEqual([]);
  });

  it('grows: placed, dispatched, awaited, then into the set, with places for addresses that are not known', () => {
    const wanted = [
      { cluster: 'a', members: 2 },
      { cluster: 'b', members: 2 },
      EACH[2] ?? { cluster: 'c', members: 1 },
    ];
    const outcome = plan({ wanted });
    expect(outline(outcome)).toEqual([
      'place',
      'dispatch a b c',
      'waitPods a/1 b/1',
      'addMember a/1 b/1',
      'waitSync a/1 b/1',
      'grantVote a/1',
      'setPriority a/1',
      'grantVote b/1',
      'setPriority b/1',
    ]);
    expect(outcome).toMatchObject({
      plan: {
        provisional: true,
        risk: 'safe',
        risky: [],
        warnings: ['After step 6, 7 of 9 the loss of cluster a would stop writes (S8).'],
      },
    });
  });

  it('tells the clusters whose loss is fatal in the end (S8)', () => {
    const wanted = [
      { cluster: 'a', members: 2 },
      { cluster: 'b', members: 1 },
    ];
    expect(plan({ wanted })).toMatchObject({
      plan: { warnings: [expect.stringMatching(/The loss of cluster a will stop writes \(S8\)/)] },
    });
  });

  it('empties a cluster: out of the set first, then the pod, then the cluster (S11, S13)', () => {
    const wanted = [
      { cluster: 'b', members: 2 },
      { cluster: 'c', members: 1 },
    ];
    expect(outline(plan({ wanted }))).toEqual([
      'place',
      'dispatch a b c',
      'waitPods b/1',
      'addMember b/1',
      'waitSync b/1',
      'grantVote b/1',
      'setPriority b/1',
      'stepDown a0:27017',
      'removeMember a0:27017',
      'retireMember a0:27017',
      'dispatch b c',
    ]);
  });

  it('restarts secondaries first and the primary last, after it has stepped down (S2, S11)', () => {
    const outcome = plan({ templateChanges: true });
    expect(outline(outcome)).toEqual([
      'dispatch a b c',
      'restartMember b0:27017',
      'restartMember c0:27017',
      'stepDown a0:27017',
      'restartMember a0:27017',
    ]);
    expect(outcome).toMatchObject({
      plan: {
        risk: 'primaryChange',
        risky: ['restartMember b/0', 'restartMember c/0', 'stepDown a/0', 'restartMember a/0'],
      },
    });
  });

  it('tells members what mongod takes at run time, the primary last, before it is sent, and restarts nobody', () => {
    const outcome = plan({ settingChanges: true });
    expect(outline(outcome)).toEqual([
      'setParameter b0:27017',
      'setParameter c0:27017',
      'setParameter a0:27017',
      'dispatch a b c',
    ]);
    expect(outcome).toMatchObject({
      plan: {
        risk: 'safe',
        risky: [],
        steps: [
          {
            effect: 'b0:27017 runs with systemLog.verbosity 1',
            undo: 'b0:27017 back to systemLog.verbosity 0',
            risk: 'safe',
          },
          {},
          {},
          {},
        ],
      },
    });
  });

  it('tells nobody who is restarted anyway: the file that it starts by says the same', () => {
    expect(outline(plan({ settingChanges: true, templateChanges: true }))).toEqual(
      outline(plan({ templateChanges: true })),
    );
    expect(outline(plan({ settingChanges: true, outdated: new Set(['b/0']) }))).toEqual([
      'setParameter c0:27017',
      'setParameter a0:27017',
      'dispatch a b c',
      'restartMember b0:27017',
    ]);
  });

  it('restarts a member that is down before any other, and no other while it is down (S2)', () => {
    expect(outline(plan({ outdated: new Set(['b/0', 'c/0']), down: new Set(['c0:27017']) }))).toEqual([
      'restartMember c0:27017',
      'restartMember b0:27017',
    ]);
    expect(plan({ outdated: new Set(['b/0']), down: new Set(['c0:27017']) })).toMatchObject({
      kind: 'refusal',
      rule: 'S2',
    });
  });

  it('restarts what is down also when nothing else of the change can be done before it is back', () => {
    const held = planNewAddress({ outdated: new Set(['c/0']), down: new Set(['c0:27017']) });
    expect(held).toMatchObject({ plan: { warnings: [expect.stringMatching(/a0:27017 keeps its address/)] } });
    expect(outline(held)).toEqual(['restartMember c0:27017']);
  });

  it.each<[string, SwitchTarget, string[]]>([
    ['where it is already', { cluster: 'a' }, []],
    ['to a cluster', { cluster: 'c' }, ['stepDown a0:27017']],
    ['to a member', { host: 'b0:27017' }, ['stepDown a0:27017']],
  ])('hands the primary over %s', (_where, switchTo, steps) => {
    expect(outline(plan({ switchTo }))).toEqual(steps);
  });

  it.each<[string, SwitchTarget, ReadonlySet<string>, RegExp]>([
    ['a cluster without members', { cluster: 'z' }, new Set(), /No member/],
    ['a member that is down', { cluster: 'c' }, new Set(['c0:27017']), /c0:27017 is down/],
  ])('refuses a switchover to %s (S15)', (_where, switchTo, down, message) => {
    const outcome = plan({ switchTo, down });
    expect(outcome).toMatchObject({ kind: 'refusal', rule: 'S15' });
    expect(outcome.kind === 'refusal' ? outcome.message : '').toMatch(message);
  });

  it('has the same hash for the same state, and another when anything that matters differs', () => {
    const hashOf = (outcome: ChangeOutcome): string => (outcome.kind === 'plan' ? outcome.plan.hash : '');
    expect(hashOf(plan({ templateChanges: true }))).toBe(hashOf(plan({ templateChanges: true })));
    expect(hashOf(plan({ templateChanges: true }))).not.toBe(hashOf(plan({})));
  });
});

describe('a change of release', () => {
  const NEXT: ReleaseFacts = { from: '4.2', to: '4.4', featureVersion: '4.2', tagged: true, whole: true };
  const upgrade = (
    more: Partial<ReleaseFacts> = {},
    facts: Partial<InstanceModelFacts> = {},
  ): ChangeOutcome => plan({ templateChanges: true, releases: { ...NEXT, ...more }, ...facts });

  it('restarts as any other, soaks, and ends with a point of no return that no approval of the whole is about (S2, S22)', () => {
    const outcome = upgrade();
    expect(outline(outcome)).toEqual([
      'dispatch a b c',
      'restartMember b0:27017',
      'restartMember c0:27017',
      'stepDown a0:27017',
      'restartMember a0:27017',
      'soak',
      'setFCV',
    ]);
    expect(outcome).toMatchObject({
      plan: {
        risk: 'pointOfNoReturn',
        risky: ['restartMember b/0', 'restartMember c/0', 'stepDown a/0', 'restartMember a/0'],
        upgrade: { from: '4.2', to: '4.4', proven: false },
      },
    });
  });

  it('is left to its own operation by every other', () => {
    expect(outline(upgrade({ whole: false })).slice(-1)).toEqual(['restartMember a0:27017']);
  });

  it('goes on when some members run the new release already, and back as long as the data is for the former one', () => {
    const begun = { templateChanges: false, outdated: new Set(['a/0', 'b/0']) };
    expect(upgrade({}, begun)).toMatchObject({ plan: { upgrade: { proven: true } } });
    expect(outline(upgrade({ from: '4.4', to: '4.2' }, begun))).toEqual([
      'restartMember b0:27017',
      'stepDown a0:27017',
      'restartMember a0:27017',
    ]);
  });

  it.each<[string, Partial<ReleaseFacts>, Partial<InstanceModelFacts>, string, RegExp]>([
    ['a skipped release', { to: '5.0' }, {}, 'S22', /5\.0 does not follow 4\.2.*image to 4\.4 first/],
    [
      'the next one before this one is at its end',
      { from: '4.4', to: '5.0' },
      {},
      'S22',
      /the upgrade to 4\.4 is not at its end/,
    ],
    [
      'a release that is older than the data',
      { from: '5.0', to: '4.4', featureVersion: '5.0' },
      {},
      'S22',
      /4\.4 cannot read their data.*Restore a backup/,
    ],
    [
      'a way back from 7.0, whatever the data is for',
      { from: '7.0', to: '6.0', featureVersion: '6.0' },
      {},
      'S22',
      /do not go back to 6\.0: restore a backup/,
    ],
    [
      'a member that turns out to run neither this release nor the next',
      { to: '5.0', tagged: false },
      { templateChanges: false, outdated: new Set(['a/0', 'b/0']) },
      'S22',
      /c0:27017 runs 5\.0.*may run 4\.2 or 4\.4/,
    ],
    [
      'members that come meanwhile',
      {},
      { wanted: [...EACH, { cluster: 'd', members: 2 }] },
      'S21',
      /take back either the image or the other change/,
    ],
  ])('refuses %s', (_what, releases, facts, rule, message) => {
    const outcome = upgrade(releases, facts);
    expect(outcome).toMatchObject({ kind: 'refusal', rule });
    expect(outcome.kind === 'refusal' ? outcome.message : '').toMatch(message);
  });

  it('follows a new address before it goes on: the former one may end at any moment (S21)', () => {
    const begun = { templateChanges: false, outdated: new Set(['a/0', 'b/0']), releases: NEXT };
    expect(outline(planNewAddress(begun)).slice(0, 4)).toEqual([
      'setMemberFields a0:27017',
      'waitSync a0:30017',
      'restartMember b0:27017',
      'stepDown a0:30017',
    ]);
  });

  it('begins when every member is healthy (S22)', () => {
    expect(upgrade({}, { down: new Set(['b0:27017']) })).toMatchObject({
      kind: 'wait',
      waitingFor: ['b0:27017'],
    });
  });
});
