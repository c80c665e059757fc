import type { ChangeScope } from '../../../src/activities/change-plan';
import { listUntaken } from '../../../src/activities/rotation-facts';
import { judgeSettlement, type Settlement } from '../../../src/activities/settlement';
import type { OperationKind } from '../../../src/domain/instance';
import { done, waitFor } from '../../../src/domain/operation';
import { planInstance } from '../../../src/planner/plan-instance';
import { createInstanceModel, inputOf, type InstanceModelFacts, type Share } from '../planner/instance-model';

const references = { image: 'mongo:4.4', replaced: false, passwordVersions: [], mergedYaml: '' };
const EACH: readonly Share[] = ['a', 'b', 'c'].map((cluster) => ({ cluster, members: 1 }));

/** What an operation's last look says; each scope is planned as the activity plans it. */
function settle(kind: OperationKind, more: Partial<InstanceModelFacts>, seen: ChangeScope[] = []) {
  const facts: InstanceModelFacts = {
    present: EACH,
    wanted: EACH,
    outdated: new Set(),
    templateChanges: false,
    down: new Set(),
    choose: () => 0,
    ...more,
  };
  const model = createInstanceModel(facts);
  model.placed = true;
  return judgeSettlement(kind, (scope) => {
    seen.push(scope);
    const input = inputOf(model, facts);
    const { upgrade } = input;
    const outcome = planInstance({
      ...input,
      members: scope === 'members' ? input.members.map((one) => ({ ...one, restart: false })) : input.members,
      upgrade:
        scope === 'members' || upgrade === undefined ? undefined : { ...upgrade, whole: scope === 'whole' },
    });
    switch (outcome.kind) {
      case 'plan':
        return Promise.resolve(done({ plan: outcome.plan, references }));
      case 'wait':
        return Promise.resolve(waitFor({ code: 'MembersUnreachable', message: outcome.reason }));
      case 'refusal':
        return Promise.resolve(waitFor({ code: 'PlanRefused', message: outcome.message }));
    }
  });
}

const toldOf = (settlement: Settlement): string =>
  settlement.kind === 'left'
    ? settlement.told
    : settlement.kind === 'open'
      ? settlement.wait.wait.message
      : 'settled';

const BEGUN = {
  outdated: new Set(['a/0', 'b/0']),
  releases: { from: '4.2', to: '4.4', featureVersion: '4.2', tagged: true, whole: true },
};
const RUNS_NEXT = { releases: { ...BEGUN.releases, from: '4.4' } };
const DOWN = { down: new Set(['c0:27017']) };

describe('the end of an operation', () => {
  it('is not put off by an upgrade that can only wait, when a failover has done its part (S22)', async () => {
    const settlement = await settle('failoverInstance', { ...BEGUN, ...DOWN, templateChanges: false });
    expect(settlement.kind).toBe('left');
    expect(toldOf(settlement)).toMatch(/another operation, and waits: c0:27017 is down/);
  });

  it('is not put off by a feature version that can only wait, whatever the operation was (S22)', async () => {
    for (const kind of ['failoverInstance', 'failbackInstance', 'scaleInstance'] as const)
      expect(toldOf(await settle(kind, { ...RUNS_NEXT, ...DOWN }))).toMatch(/and waits: c0:27017 is down/);
    expect(await settle('upgradeInstance', { ...RUNS_NEXT, ...DOWN })).toMatchObject({ kind: 'open' });
  });

  it('waits for its own part, whatever others have still to do', async () => {
    const [first, second] = [
      { cluster: 'a', members: 1 },
      { cluster: 'b', members: 2 },
    ];
    const grown = { wanted: [first, second, { cluster: 'c', members: 2 }], ...DOWN };
    expect(await settle('failoverInstance', grown)).toMatchObject({
      kind: 'open',
      wait: { wait: { code: 'Dispatching' } },
    });
    const restart = { templateChanges: false, outdated: new Set(['a/0']) };
    expect(await settle('updateInstance', restart)).toMatchObject({ kind: 'open' });
    expect(toldOf(await settle('failoverInstance', restart))).toMatch(/belongs to another operation: /);
  });

  it('settles what is asked for only when nothing of it is left, soak and feature version included', async () => {
    expect(await settle('failoverInstance', {})).toMatchObject({ kind: 'settled' });
    for (const kind of ['upgradeInstance', 'scaleInstance', 'failoverInstance'] as const)
      expect(await settle(kind, RUNS_NEXT)).toMatchObject({ kind: 'left' });
    const seen: ChangeScope[] = [];
    await settle('upgradeInstance', {}, seen);
    expect(seen).toEqual(['whole']);
  });
});

describe('credentials that every cluster must have taken up', () => {
  const share = (cluster: string, members = 1) => ({
    cluster,
    vip: '10.0.0.1',
    members,
    arbiter: false,
    rollout: [],
    retired: [],
    revision: undefined,
  });
  const report = (cluster: string, credentialsRevision: string) =>
    [cluster, { cluster, applied: true, status: { credentialsRevision } }] as const;

  it('are not waited for behind a fence, nor where no member is', () => {
    const dispatched = [share('east'), share('north'), share('west'), share('south', 0)];
    const reports = new Map([report('east', '1'), report('north', '2'), report('west', '1')]);
    expect(listUntaken('2', { dispatched, fenced: ['east'] }, reports)).toEqual(['west']);
    expect(listUntaken('2', { dispatched, fenced: [] }, reports)).toEqual(['east', 'west']);
    expect(listUntaken(undefined, { dispatched, fenced: [] }, reports)).toEqual([]);
  });
});
