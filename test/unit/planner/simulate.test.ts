import type { StepFacts } from '../../../src/domain/plan';
import type { MemberConfig } from '../../../src/domain/replica-set';
import { emptyState, type SetState } from '../../../src/planner/set-state';
import { simulate } from '../../../src/planner/simulate';
import { member } from './server-model';

const running = [member(0, 'a0:1'), member(1, 'b0:1'), member(2, 'c0:1')];

const stateOf = (members: readonly MemberConfig[], more: Partial<SetState> = {}): SetState => ({
  ...emptyState(new Map(), Math.max(...members.map(({ _id }) => _id))),
  initiated: true,
  members,
  primaryHost: members[0]?.host,
  ...more,
});

const one = (id: number, host: string) => ({ memberId: id, host });
const voteless = (id: number, host: string): MemberConfig => member(id, host, { votes: 0, priority: 0 });
const down = (...hosts: string[]): Partial<SetState> => ({ down: new Set(hosts) });

/** All members, the listed ones on another release; `becomes` is what restarts make of them. */
const serving = (
  version: string,
  becomes: string,
  others: Record<string, string> = {},
): Partial<SetState> => ({
  servers: {
    version,
    becomes,
    releases: new Map(running.map(({ host }) => [host, others[host] ?? version])),
  },
});
const restartB: StepFacts = { kind: 'restartMember', cluster: 'b', ordinal: 0, host: 'b0:1' };

describe('a plan is walked step by step', () => {
  const bad: [string, string, StepFacts[], SetState][] = [
    ['a binary is started that skips a release', 'S22', [restartB], stateOf(running, serving('4.2', '5.0'))],
    [
      'the feature version is raised with a member of the release before',
      'S22',
      [restartB, { kind: 'setFCV', version: '4.4' }],
      stateOf(running, serving('4.2', '4.4', { 'a0:1': '4.4' })),
    ],
    [
      'the feature version skips a release',
      'S22',
      [{ kind: 'setFCV', version: '5.0' }],
      stateOf(running, serving('4.2', '5.0', { 'a0:1': '5.0', 'b0:1': '5.0', 'c0:1': '5.0' })),
    ],
    [
      'two voters leave at once',
      'S1',
      [{ kind: 'removeMember', members: [one(1, 'b0:1'), one(2, 'c0:1')] }],
      stateOf([...running, member(3, 'd0:1'), member(4, 'e0:1')]),
    ],
    [
      'an arbiter comes with another',
      'S1',
      [
        {
          kind: 'addMember',
          members: [voteless(3, 'd0:1'), member(4, 'x:1', { arbiterOnly: true, priority: 0 })],
        },
      ],
      stateOf(running),
    ],
    [
      'a second voter is restarted while one is down',
      'S2',
      [{ kind: 'restartMember', cluster: 'b', ordinal: 0, host: 'b0:1' }],
      stateOf(running, down('c0:1')),
    ],
    [
      'a set is initiated twice',
      'S4',
      [{ kind: 'initiate', host: 'a0:1', setName: 'rs0', members: running }],
      stateOf(running),
    ],
    ['an _id is used again', 'S5', [{ kind: 'addMember', members: [voteless(2, 'd0:1')] }], stateOf(running)],
    [
      'a priority is given without a vote',
      'S5',
      [{ kind: 'setPriority', ...one(2, 'c0:1'), priority: 1 }],
      stateOf([member(0, 'a0:1'), member(1, 'b0:1'), voteless(2, 'c0:1')]),
    ],
    [
      'a delayed member keeps its priority',
      'S6',
      [{ kind: 'setMemberFields', ...one(2, 'c0:1'), secondaryDelaySecs: 9 }],
      stateOf(running),
    ],
    ['the votes end even', 'S7', [{ kind: 'removeMember', members: [one(2, 'c0:1')] }], stateOf(running)],
    [
      'a healthy vote goes while another is down',
      'S9',
      [{ kind: 'revokeVote', ...one(2, 'c0:1') }],
      stateOf(running, down('b0:1')),
    ],
    [
      'the primary steps down while another voter is down',
      'S9',
      [{ kind: 'stepDown', host: 'a0:1', freezeHosts: [] }],
      stateOf(running, down('c0:1')),
    ],
    [
      'a vote comes before the data',
      'S10',
      [
        { kind: 'addMember', members: [voteless(3, 'd0:1')] },
        { kind: 'grantVote', ...one(3, 'd0:1') },
      ],
      stateOf(running),
    ],
    [
      'a member comes with a vote',
      'S10',
      [{ kind: 'addMember', members: [member(3, 'd0:1')] }],
      stateOf(running),
    ],
    [
      'the primary is removed',
      'S11',
      [{ kind: 'removeMember', members: [one(0, 'a0:1')] }],
      stateOf(running),
    ],
    [
      'the primary is made unelectable',
      'S11',
      [{ kind: 'setPriority', ...one(0, 'a0:1'), priority: 0 }],
      stateOf(running),
    ],
    [
      'the primary is restarted',
      'S11',
      [{ kind: 'restartMember', cluster: 'a', ordinal: 0, host: 'a0:1' }],
      stateOf(running),
    ],
    [
      'a pod goes before its member',
      'S11',
      [{ kind: 'retireMember', cluster: 'c', ordinal: 0, host: 'c0:1' }],
      stateOf(running),
    ],
    [
      'members come after others went',
      'S12',
      [
        { kind: 'removeMember', members: [one(2, 'c0:1')] },
        { kind: 'addMember', members: [voteless(3, 'd0:1')] },
      ],
      stateOf(running),
    ],
    [
      'a cluster is dropped with a member in it',
      'S13',
      [{ kind: 'dispatch', clusters: ['a', 'b'] }],
      stateOf(running),
    ],
    [
      'the primary steps down and all others are frozen',
      'S14',
      [{ kind: 'stepDown', host: 'a0:1', freezeHosts: ['b0:1', 'c0:1'] }],
      stateOf(running),
    ],
    [
      'the feature version is raised with a member down',
      'S22',
      [{ kind: 'setFCV', version: '7.0' }],
      stateOf(running, down('c0:1')),
    ],
  ];

  test.each(bad)('%s: refused by %s', (_what, rule, steps, start) => {
    const { fault } = simulate(steps, start);
    expect(fault?.rule).toBe(rule);
    expect(fault?.step).toBe(steps.length - 1);
    expect(fault?.message).not.toBe('');
  });

  test('a removal that ends well: every prefix has its votes, majority, margin and losses', () => {
    const start = stateOf(running, { primaryHost: 'a0:1' });
    const { prefixes, fault, after } = simulate(
      [
        { kind: 'removeMember', members: [one(2, 'c0:1')] },
        { kind: 'retireMember', cluster: 'c', ordinal: 0, host: 'c0:1' },
        { kind: 'removeMember', members: [one(1, 'b0:1')] },
        { kind: 'dispatch', clusters: ['a'] },
      ],
      start,
    );
    expect(fault).toBeUndefined();
    expect(prefixes.map(({ view }) => [view.votes, view.majority, view.margin])).toEqual([
      [2, 2, 0],
      [2, 2, 0],
      [1, 1, 0],
      [1, 1, 0],
    ]);
    expect(after.losses).toEqual([{ cluster: 'a', votes: 1, left: 0, fatal: true }]);
  });

  test('a cluster that is fatal only on the way is told with its steps (S8)', () => {
    const members = [
      member(0, 'a0:1'),
      member(1, 'b0:1'),
      member(2, 'c0:1'),
      voteless(3, 'a1:1'),
      voteless(4, 'b1:1'),
    ];
    const { warnings, fault } = simulate(
      [
        { kind: 'waitSync', hosts: ['a1:1', 'b1:1'], maxLagSeconds: 10 },
        { kind: 'grantVote', ...one(3, 'a1:1') },
        { kind: 'grantVote', ...one(4, 'b1:1') },
      ],
      stateOf(members),
    );
    expect(fault).toBeUndefined();
    expect(warnings).toEqual(['After step 2 of 3 the loss of cluster a would stop writes (S8).']);
  });
});
