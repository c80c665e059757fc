import type { ObjectChange } from '../../../src/activities/object-changes';
import { describeDryRun } from '../../../src/cli/describe-dry-run';
import type { ChangePlan, QuorumView } from '../../../src/domain/plan';

const view = (votes: number, margin: number, fatal: readonly string[]): QuorumView => ({
  votes,
  majority: Math.floor(votes / 2) + 1,
  healthyVotes: votes,
  margin,
  losses: ['east', 'west'].map((cluster) => ({ cluster, votes: 1, left: 1, fatal: fatal.includes(cluster) })),
});

const EMPTY: ChangePlan = {
  steps: [],
  hash: '0123456789abcdef',
  margins: [],
  risk: 'safe',
  risky: [],
  provisional: false,
  warnings: [],
  before: view(3, 1, []),
  after: view(3, 1, []),
};

type Told = Parameters<typeof describeDryRun>[0];
const layout = {
  shares: [
    { cluster: 'east', vip: '10.0.0.1', replicaset: 2, arbiter: false },
    { cluster: 'west', vip: '10.0.0.2', replicaset: 1, arbiter: true },
  ],
} as unknown as Told['layout'];
const placement = {
  reasons: [
    { cluster: 'east', chosen: true, reason: 'most room' },
    { cluster: 'north', chosen: false, reason: 'tainted' },
  ],
  warnings: ['only two clusters'],
} as unknown as Told['placement'];

const describeWith = (
  plan: ChangePlan,
  placed: Told['placement'],
  objects: readonly ObjectChange[] = [],
  standing: readonly string[] = [],
): string[] => describeDryRun({ plan, layout, placement: placed }, objects, standing).split('\n');

test('a placement that stands is told with its warnings, and that nothing is left to do', () => {
  expect(describeWith(EMPTY, undefined, [], ['a third cluster would help'])).toEqual([
    '',
    'Placement (stands)',
    '  east 2, west 1 + arbiter',
    '  ! a third cluster would help',
    '',
    'Steps: none, all is as asked for',
    '',
    'Objects on Karmada: none would change',
    '',
  ]);
});

test('a new placement is told with the reason of each cluster, and its own warnings', () => {
  expect(describeWith(EMPTY, placement, [], ['of the one that stood']).slice(1, 6)).toEqual([
    'Placement (new)',
    '  east 2, west 1 + arbiter',
    '  ✓ east: most room',
    '  · north: tainted',
    '  ! only two clusters',
  ]);
});

test('steps are told with effect, risk, and what may be lost after each; what has no effect by its proof', () => {
  const contract = { precondition: '', undo: '', timeoutSeconds: 1 };
  const plan: ChangePlan = {
    ...EMPTY,
    risk: 'quorum',
    provisional: true,
    steps: [
      {
        kind: 'waitSync',
        hosts: ['e/1'],
        maxLagSeconds: 10,
        effect: 'none',
        proof: 'e/1: SECONDARY',
        risk: 'safe',
        ...contract,
      },
      {
        kind: 'revokeVote',
        memberId: 2,
        host: 'w0',
        effect: 'w0 neither votes nor may be elected',
        proof: '',
        risk: 'quorum',
        ...contract,
      },
    ],
    margins: [
      { margin: 1, fatal: [] },
      { margin: -1, fatal: ['east', 'west'] },
    ],
    warnings: ['the number of votes is even'],
    after: view(2, 0, ['east', 'west']),
  };
  expect(describeWith(plan, undefined).slice(4, 10)).toEqual([
    'Steps (plan 0123456789abcdef, risk quorum; addresses of new members come on the way)',
    '  now: 3 votes, majority 2, may lose 1 member or any one cluster',
    '  1. waitSync: e/1: SECONDARY [safe; may lose 1]',
    '  2. revokeVote: w0 neither votes nor may be elected [quorum; may lose 0, not east, west]',
    '  then: 2 votes, majority 2, may lose no member, no cluster',
    '  ! the number of votes is even',
  ]);
});

test('objects are told by what would become of them', () => {
  const objects: ObjectChange[] = [
    { what: 'made', object: 'Service shop-mongodb-1' },
    { what: 'changed', object: 'MongoDB shop' },
    { what: 'removed', object: 'Service shop-mongodb-2' },
  ];
  expect(describeWith(EMPTY, undefined, objects).slice(6, 10)).toEqual([
    'Objects on Karmada',
    '  + Service shop-mongodb-1',
    '  ~ MongoDB shop',
    '  - Service shop-mongodb-2',
  ]);
});
