import { done, type StageResult } from '../../src/domain/operation';
import type { Placement } from '../../src/domain/placement';
import type { Agreement, ChangePlan, Gate, Plan, QuorumView, Step } from '../../src/domain/plan';
import { judgeGate } from '../../src/planner/gate';
import { toStep } from '../../src/planner/step-contract';
import { CLUSTERS, edit, type ActivityName, type Fake, type FakeActivities, type World } from './world';

/** Held by the fakes as the real activities hold it: what they use must never be in what they return. */
export const PLANTED_PASSWORD = 'Planted-Passw0rd-9c41';

/** Every activity over a world: each succeeds unless `world.instead` says otherwise. */
export function fakeActivities(world: World): FakeActivities {
  const fake = <Name extends ActivityName>(name: Name, usual: Fake<Name>): Fake<Name> => {
    return (input) => {
      world.calls.push(name);
      return world.instead[name]?.(input) ?? usual(input);
    };
  };
  const says = (value: string) => (): Promise<StageResult<string>> => Promise.resolve(done(value));

  return {
    readInstance: fake('readInstance', () => Promise.resolve(world.snapshot)),
    reportStatus: fake('reportStatus', ({ progress }) => {
      if (progress?.wait !== undefined) world.waits.push(progress.wait);
      return Promise.resolve();
    }),
    recordOperation: fake('recordOperation', ({ record }) => {
      world.records.push(record);
      return Promise.resolve();
    }),
    startHealthWatch: fake('startHealthWatch', () => Promise.resolve()),
    awaitOperations: fake('awaitOperations', () => Promise.resolve(0)),
    pokeInstance: fake('pokeInstance', () => Promise.resolve()),
    watchInstance: fake('watchInstance', () => Promise.resolve({ gone: true })),

    checkReferences: fake('checkReferences', says('all there')),
    placeInstance: fake('placeInstance', () =>
      Promise.resolve(done({ clusters: CLUSTERS, summary: 'one each', placement: PLACEMENT })),
    ),
    prepareCredentials: fake('prepareCredentials', ({ instance }) => {
      world.secrets.set(`${instance.name}-auth`, PLANTED_PASSWORD);
      return Promise.resolve(done(`Secret ${instance.name}-auth`));
    }),
    dispatchInstance: fake('dispatchInstance', says(CLUSTERS.join(', '))),
    awaitMembers: fake('awaitMembers', says('3 run')),
    planReplicaSet: fake('planReplicaSet', () => Promise.resolve(done(planOf(world)))),
    planChange: fake('planChange', ({ agreed, kind }) => {
      const plan = changeOf(world);
      const wish = kind === 'failoverInstance' && world.snapshot.found ? world.snapshot.wish : undefined;
      const gate = gateOf(world, plan, agreed);
      return Promise.resolve(done({ plan, gate, ...(wish === undefined ? {} : { wish }) }));
    }),
    carryOutStep: fake('carryOutStep', ({ step }) => {
      world.changes = world.changes.slice(1);
      return Promise.resolve(done(`${step.kind} done`));
    }),
    settleChange: fake('settleChange', () => {
      edit(world, { change: undefined });
      return Promise.resolve(done('Health'));
    }),
    steerInstance: fake('steerInstance', () => Promise.resolve()),
    drainCluster: fake('drainCluster', () => Promise.resolve()),
    requestRebuild: fake('requestRebuild', ({ cluster, ordinal, at }) =>
      Promise.resolve(`${cluster}/${ordinal}@${at}`),
    ),
    moveMember: fake('moveMember', ({ to }) => Promise.resolve(to)),
    confirmLoss: fake('confirmLoss', ({ cluster }) => {
      edit(world, {
        lost: undefined,
        calledLost: undefined,
        change: 'failoverInstance',
        wish: `without ${cluster}`,
      });
      return Promise.resolve({ lost: true, views: 'both say so', since: '2026-01-01T00:00:00Z' });
    }),
    confirmReturn: fake('confirmReturn', says('both say so')),
    liftFence: fake('liftFence', () => Promise.resolve(true)),
    forgetLoss: fake('forgetLoss', () => {
      edit(world, { returned: undefined });
      return Promise.resolve();
    }),
    proposeRecovery: fake('proposeRecovery', ({ agreed }) => {
      const plan = { ...changeOf(world), risk: 'force' as const };
      const wish = world.snapshot.found ? (world.snapshot.wish ?? '') : '';
      edit(world, { recoveryAsked: undefined });
      const gate = judgeGate({ plan, approval: 'Auto', windows: [], agreed, now: new Date() });
      return Promise.resolve(done({ kind: 'plan', plan, gate, wish }));
    }),
    reviewRecovery: fake('reviewRecovery', () => Promise.resolve(true)),
    carryOutRecovery: fake('carryOutRecovery', ({ step }) => {
      world.changes = world.changes.filter(({ kind }) => kind !== step.kind);
      return Promise.resolve(done(`${step.kind} done`));
    }),
    liftRecovery: fake('liftRecovery', () => Promise.resolve(['north', 'west'])),
    requestRecovery: fake('requestRecovery', () => Promise.reject(new Error('no entity is asked'))),
    requestFailover: fake('requestFailover', () => Promise.reject(new Error('no entity is asked'))),
    followOperation: fake('followOperation', () => Promise.reject(new Error('nothing is followed'))),
    executeStep: fake('executeStep', ({ instance, step }) => {
      if (!world.secrets.has(`${instance.name}-auth`)) return Promise.reject(new Error('no credentials'));
      world.steps = world.steps.filter(({ kind }) => kind !== step.kind);
      world.changes = world.changes.filter(({ kind }) => kind !== step.kind);
      return Promise.resolve(step.kind);
    }),
    ensureUsers: fake('ensureUsers', says('none asked for')),
    publishConnection: fake('publishConnection', ({ instance: { name } }) => {
      const password = world.secrets.get(`${name}-auth`) ?? '';
      world.secrets.set(`${name}-connection`, `mongodb://root:${password}@10.0.1.1:30001/?replicaSet=rs0`);
      return Promise.resolve(done(`Secret ${name}-connection`));
    }),
    verifyInstance: fake('verifyInstance', () => {
      edit(world, { created: true, health: 'Health' });
      return Promise.resolve(done('Health'));
    }),

    liftPreservation: fake('liftPreservation', says('lifted')),
    deleteTemplates: fake('deleteTemplates', says('deleted')),
    awaitRemoval: fake('awaitRemoval', says('clean')),
    deletePolicies: fake('deletePolicies', says('deleted')),
    releaseInstance: fake('releaseInstance', () => {
      world.snapshot = { found: false };
      return Promise.resolve(done('released'));
    }),
  };
}

const PLACEMENT: Placement = {
  shares: CLUSTERS.map((cluster) => ({ cluster, replicaset: 1 })),
  members: CLUSTERS.map((cluster) => ({ cluster, ordinal: 0, votes: 1 })),
  leaving: [],
  reasons: CLUSTERS.map((cluster) => ({ cluster, chosen: true, room: 4, reason: 'room for 4' })),
  quorum: { votes: 3, majority: 2, fatalClusters: [], survivesAnyCluster: true },
  warnings: [],
};

const NO_VOTES: QuorumView = { votes: 0, majority: 0, healthyVotes: 0, margin: 0, losses: [] };
const THREE_VOTES: QuorumView = {
  votes: 3,
  majority: 2,
  healthyVotes: 3,
  margin: 1,
  losses: CLUSTERS.map((cluster) => ({ cluster, votes: 1, left: 2, fatal: false })),
};

/** What the set still lacks, in the planner's words. */
const planOf = ({ steps }: World): Plan => ({
  steps: steps.map((step) => toStep(step)),
  hash: `${steps.length} to go`,
  warnings: [],
  before: steps.length > 0 ? NO_VOTES : THREE_VOTES,
  after: THREE_VOTES,
  complete: true,
});

function gateOf({ gate, soak }: World, plan: ChangePlan, agreed: Agreement | undefined): Gate {
  const covered = agreed !== undefined && plan.risky.every((step) => agreed.risky.includes(step));
  const soaks = soak?.opensAt !== undefined && Date.parse(soak.opensAt) > Date.now();
  if (plan.steps[0]?.risk === 'pointOfNoReturn' && soaks && !covered) return soak;
  return agreed === undefined ? gate : { open: true };
}

/** What is left of a change, as the planner would tell it. */
function changeOf({ changes, upgrade }: World): ChangePlan {
  const steps = changes.map((facts): Step => toStep(facts));
  const risky = steps
    .filter(({ risk }, index) => risk !== 'safe' && (index === 0 || risk !== 'pointOfNoReturn'))
    .map(({ kind }) => kind);
  return {
    steps,
    hash: `plan-of-${changes.length}`,
    margins: steps.map(() => ({ margin: 1, fatal: [] })),
    risk: risky.length === 0 ? 'safe' : 'quorum',
    risky,
    provisional: false,
    ...(upgrade === undefined ? {} : { upgrade }),
    warnings: ['a warning'],
    before: THREE_VOTES,
    after: THREE_VOTES,
  };
}
