import { WorkflowFailedError } from '@temporalio/client';
import { Context, heartbeat } from '@temporalio/activity';
import type { OperationEnd } from '../../src/domain/operation';
import type { StepFacts } from '../../src/domain/plan';
import { entityOf, pokeEntity, withEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { refusalOf } from '../support/update-refusal';
import { readPage } from '../support/workflow-page';
import { countOf, edit, newWorld, outcomesOf, stagesOf, waits, type World, waitsFor } from '../support/world';

jest.setTimeout(60_000);

const REPLACE: readonly StepFacts[] = [
  { kind: 'place', shares: [{ cluster: 'west', replicaset: 2 }] },
  { kind: 'grantVote', memberId: 3, host: '10.0.3.1:30002' },
];
type Operation = () => Promise<OperationEnd>;
const GATED = { open: false, wait: { code: 'ApprovalNeeded', message: 'approve' } } as const;

/** A running instance at rest. */
function restingWorld(changes: readonly StepFacts[] = REPLACE): World {
  const world = newWorld({ created: true, health: 'Health', wish: 'w1' });
  world.changes = changes;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
  return world;
}

describe('a cluster that is lost', () => {
  it('is looked at once more, marked, and its members replaced as any other change', async () => {
    const world = restingWorld();
    edit(world, { lost: 'east' });
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('replaced', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['failoverInstance succeeded']);
      expect(world.records[0]?.cluster).toBe('east');
      expect(stagesOf(world).slice(0, 4)).toEqual([
        'confirmLoss',
        'checkReferences',
        'planChange',
        'carryOutStep',
      ]);
    });
  });

  it('tells in its record and on its page what the loss cost in writes', async () => {
    const world = restingWorld();
    edit(world, { lost: 'east' });
    world.instead.confirmLoss = () => {
      edit(world, { lost: undefined, change: 'failoverInstance' });
      const since = '2026-01-01T00:00:00Z';
      return Promise.resolve({ lost: true, views: 'both say so', since, writeOutageMs: 11_400 });
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('replaced', () => world.records.length > 0);
      expect(world.records[0]).toMatchObject({ kind: 'failoverInstance', writeOutageMs: 11_400 });
      const page = await readPage(worker.client, world.records[0]?.workflowId ?? '');
      expect(page).toContain('since 2026-01-01T00:00:00Z; writes stopped for at most 11.4 s');
    });
  });

  it('is left alone when the last look finds it alive, and that is the outcome', async () => {
    const world = restingWorld();
    edit(world, { lost: 'east' });
    world.instead.confirmLoss = () => {
      edit(world, { lost: undefined });
      return Promise.resolve({ lost: false, message: 'Cluster east is not lost after all.' });
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('ended', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['failoverInstance cancelled']);
      expect(world.records[0]?.message).toContain('not lost after all. Nothing had been changed.');
      expect(countOf(world, 'planChange')).toBe(0);
    });
  });

  it('comes before a change that runs, which is planned again afterwards, and before a plan that waits', async () => {
    const world = restingWorld();
    edit(world, { change: 'scaleInstance' });
    const forever = async () => {
      const beat = setInterval(() => heartbeat(), 50);
      try {
        return await Context.current().cancelled;
      } finally {
        clearInterval(beat);
      }
    };
    world.instead.carryOutStep = forever;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('scales', () => countOf(world, 'carryOutStep') === 1);
      edit(world, { lost: 'east' });
      delete world.instead.carryOutStep;
      await pokeEntity(worker, ref);
      await eventuallyHolds('replaced', () => world.records.length > 1);
      expect(outcomesOf(world)).toEqual(['scaleInstance cancelled', 'failoverInstance succeeded']);
    });
  });

  it('waits for a word with its plan, which the mark it made itself does not outdate', async () => {
    const world = restingWorld();
    edit(world, { lost: 'east' });
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      await entityOf(worker, ref).executeUpdate('approve', { args: [{ hash: 'plan-of-2', by: 'ann' }] });
      await eventuallyHolds('replaced', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['failoverInstance succeeded']);
      expect(countOf(world, 'confirmLoss')).toBe(2);
    });
  });

  it('does nothing while the instance is paused', async () => {
    const world = restingWorld();
    edit(world, { lost: 'east', paused: true });
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('at rest', () => countOf(world, 'startHealthWatch') > 0);
      expect(stagesOf(world)).toEqual(['startHealthWatch']);
    });
  });
});

describe('somebody who calls a cluster lost', () => {
  it('is heard before others who wait, and refused at once without a name or a cluster', async () => {
    const world = restingWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      const ask = (args: object): Promise<string> =>
        entityOf(worker, ref).executeUpdate('failover', { args: [args] });
      expect(await refusalOf(ask({ cluster: 'east' }))).toContain('say who asks');
      expect(await refusalOf(ask({ by: 'ann' }))).toContain('name the cluster');
      expect(await ask({ cluster: 'east', by: 'ann' })).toMatch(/\/op\/1-failoverInstance$/);
      await eventuallyHolds('replaced', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['failoverInstance succeeded']);
      await eventuallyHolds('over', () => world.calls.at(-1) === 'startHealthWatch');
      expect(countOf(world, 'confirmLoss')).toBe(1);
    });
  });

  it('may do so by annotation', async () => {
    const world = restingWorld();
    edit(world, { calledLost: 'east' });
    const askers: unknown[] = [];
    world.instead.confirmLoss = ({ by }) => {
      askers.push(by);
      return undefined;
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('replaced', () => world.records.length > 0);
      expect(askers).toEqual(['holder of patch']);
    });
  });

  it('may start the workflow failover, which ends as the operation does', async () => {
    const world = restingWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      world.instead.requestFailover = async ({ cluster, by, updateId }) => ({
        instance: ref,
        workflowId: await entityOf(worker, ref).executeUpdate<string, [object]>('failover', {
          args: [{ cluster, by }],
          updateId,
        }),
      });
      world.instead.followOperation = async ({ workflowId }) => {
        await eventuallyHolds('known', async () =>
          worker.client.workflow
            .getHandle(workflowId)
            .describe()
            .then(() => true)
            .catch(() => false),
        );
        return worker.client.workflow.getHandle<Operation>(workflowId).result();
      };
      const open = (id: string, input: object): Promise<unknown> =>
        worker.client.workflow.execute('failover', {
          workflowId: `${id}-${ref.uid}`,
          taskQueue: worker.taskQueue,
          args: [{ namespace: 'shop', name: 'orders', ...input }],
        });
      expect(await open('well', { cluster: 'east' })).toContain('succeeded: ');
      world.instead.confirmLoss = () =>
        Promise.resolve({ lost: false, message: 'Cluster west is not lost: drainCluster moves members.' });
      const saidBy = async (opened: Promise<unknown>): Promise<string> => {
        const error = await opened.then(() => undefined).catch((caught: unknown) => caught);
        return error instanceof WorkflowFailedError ? (error.cause?.message ?? '') : String(error);
      };
      expect(await saidBy(open('refused', { cluster: 'west' }))).toContain('drainCluster');
      expect(await saidBy(open('unsaid', {}))).toContain('Say which');
    });
  });
});

describe('a lost cluster that is back', () => {
  it('is cleaned, forgotten, and gets its members again', async () => {
    const world = restingWorld([]);
    edit(world, { returned: 'east' });
    world.instead.liftFence = () => {
      world.changes = [{ kind: 'retireMember', cluster: 'east', ordinal: 0, host: '10.0.1.1:30001' }];
      return Promise.resolve(true);
    };
    world.instead.forgetLoss = () => {
      world.changes = [{ kind: 'grantVote', memberId: 4, host: '10.0.1.1:30001' }];
      return undefined;
    };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('given back', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['failbackInstance succeeded']);
      const stages = stagesOf(world).filter((name) => name !== 'planChange');
      expect(stages.slice(0, 6)).toEqual([
        'confirmReturn',
        'checkReferences',
        'liftFence',
        'carryOutStep',
        'forgetLoss',
        'executeStep',
      ]);
    });
  });

  it('is not touched before somebody has agreed to the plan, and not waited for when it goes again', async () => {
    const world = restingWorld();
    edit(world, { returned: 'east' });
    world.gate = GATED;
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', waitsFor(world, 'ApprovalNeeded'));
      expect(countOf(world, 'liftFence')).toBe(0);
      edit(world, { returned: undefined });
      world.instead.confirmReturn = waits('ClusterUnreachable', 'Cluster east is not back.');
      await entityOf(worker, ref).executeUpdate('approve', { args: [{ hash: 'plan-of-2', by: 'ann' }] });
      await eventuallyHolds('ended', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['failbackInstance cancelled']);
      expect(countOf(world, 'liftFence')).toBe(0);
    });
  });
});
