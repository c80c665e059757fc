import { setHandler } from '@temporalio/workflow';
import { ANNOTATIONS } from '../domain/marks';
import { operationWorkflowId } from '../domain/workflow-ids';
import { quick } from './activities';
import {
  approveUpdate,
  cancelUpdate,
  drainClusterUpdate,
  failbackUpdate,
  failoverUpdate,
  moveUpdate,
  pauseUpdate,
  rejectUpdate,
  restartUpdate,
  restoreClusterUpdate,
  resumeUpdate,
  switchoverUpdate,
  type Approval,
  type Asker,
  type ClusterRequest,
  type MoveRequest,
  type SwitchoverRequest,
} from './commands';
import type { SuspendedOperation } from './entity-state';
import { refuse, requireAsker, type EntityControl } from './entity-control';
import { handleMajorityCommand } from './majority-handler';
import { handleUpkeepCommands } from './upkeep-handlers';

/** Every command of a person: refused at once by its validator, else taken down and carried out by the entity. */
export function handleCommands(entity: EntityControl): void {
  const { ref } = entity;
  handleUpkeepCommands(entity);
  handleMajorityCommand(entity);

  const dropWaiting = (what: string, asker: Asker): SuspendedOperation | undefined => {
    const { suspended, ...state } = entity.state();
    const soak = suspended?.suspension.wait.code === 'Soaking' ? STAYS : '';
    entity.change({
      ...state,
      // A switchover that is rejected is over; a wish would be planned again at once.
      ...(suspended?.switchTo === undefined && suspended?.kind !== 'recoverInstance'
        ? {
            held: {
              wish: suspended?.wish,
              kind: suspended?.kind,
              message: `${describeHold(what, asker)}${soak}`,
            },
          }
        : {}),
    });
    entity.wake();
    return suspended;
  };

  setHandler(
    approveUpdate,
    ({ hash, by, why }) => {
      const { suspended } = entity.state();
      if (suspended === undefined) throw refuse('the plan is not waiting any more');
      const { risky } = suspended.suspension.plan;
      entity.change({ ...entity.state(), suspended: { ...suspended, agreed: { hash, risky, by, why } } });
      entity.wake();
      return hash;
    },
    {
      validator: (approval: Approval) => {
        requireAsker(approval);
        const waiting = entity.state().suspended?.suspension.plan.hash;
        if (waiting === undefined) throw refuse('no plan waits for an approval');
        if (approval.hash !== waiting)
          throw refuse(
            `plan ${approval.hash} is not the one that waits: read plan ${waiting} and approve that`,
          );
      },
    },
  );

  setHandler(rejectUpdate, (asker) => dropWaiting('rejected', asker)?.suspension.plan.hash ?? '', {
    validator: (asker: Asker) => {
      requireAsker(asker);
      if (entity.state().suspended === undefined) throw refuse('no plan waits for an approval');
    },
  });

  setHandler(
    cancelUpdate,
    async (asker) => {
      const running = entity.running();
      if (running === undefined) return dropWaiting('cancelled', asker)?.workflowId ?? '';
      await entity.stopRunning(describeHold('cancelled', asker));
      return running;
    },
    {
      validator: (asker: Asker) => {
        requireAsker(asker);
        const running = entity.running();
        // A plan that waits can be stopped as one that runs.
        if (running === undefined && entity.state().suspended !== undefined) return;
        if (running === undefined) throw refuse('nothing is in hand');
        if (
          !/-(scale|update|upgrade|switchover|drain|rotate|rebuild|failover|failback|recover)Instance$/.test(
            running,
          )
        )
          throw refuse(`${running} is not a change: it cannot be cancelled`);
      },
    },
  );

  setHandler(
    switchoverUpdate,
    ({ by, why, ...switchTo }) => {
      const state = entity.state();
      const requests = [...(state.requests ?? [])];
      const id = operationWorkflowId(ref, state.operations + requests.length + 1, 'switchoverInstance');
      entity.change({
        ...state,
        requests: [...requests, { kind: 'switchoverInstance', switchTo, asker: { by, why } }],
      });
      entity.wake();
      return id;
    },
    {
      validator: (request: SwitchoverRequest) => {
        requireAsker(request);
        const named: unknown = 'cluster' in request ? request.cluster : request.host;
        if (typeof named !== 'string' || named === '')
          throw refuse('name a cluster or the host of a member, e.g. {"cluster":"east","by":"you"}');
        if ((entity.state().requests?.length ?? 0) >= 10) throw refuse('ten switchovers wait already');
      },
    },
  );

  /** Before all that others have asked for: redundancy is at stake. */
  const askFirst = (kind: 'failoverInstance' | 'failbackInstance', request: ClusterRequest): string => {
    const { cluster, by, why } = request;
    const state = entity.state();
    const before = (state.requests ?? []).filter((other) => other.kind === kind);
    const others = (state.requests ?? []).filter((other) => other.kind !== kind);
    entity.change({ ...state, requests: [...before, { kind, cluster, asker: { by, why } }, ...others] });
    entity.wake();
    return operationWorkflowId(ref, state.operations + before.length + 1, kind);
  };
  const mayAskFirst = (request: ClusterRequest): void => {
    requireCluster(request);
    if ((entity.state().requests?.length ?? 0) >= 10) throw refuse('ten requests wait already');
  };
  setHandler(failoverUpdate, (request) => askFirst('failoverInstance', request), { validator: mayAskFirst });
  setHandler(failbackUpdate, (request) => askFirst('failbackInstance', request), { validator: mayAskFirst });

  const steer = async (
    asker: Asker,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<string> => {
    await quick.steerInstance({ instance: ref, annotations, by: asker.by, why: asker.why });
    entity.wake();
    return 'written';
  };
  const validator = requireAsker;
  setHandler(restartUpdate, (asker) => steer(asker, { [ANNOTATIONS.restart]: new Date().toISOString() }), {
    validator,
  });
  setHandler(pauseUpdate, (asker) => steer(asker, { [ANNOTATIONS.paused]: 'true' }), { validator });
  setHandler(
    resumeUpdate,
    (asker) => {
      entity.change({ ...entity.state(), held: undefined });
      return steer(asker, { [ANNOTATIONS.paused]: null });
    },
    { validator },
  );
  setHandler(
    drainClusterUpdate,
    async (request) => {
      await quick.drainCluster({ instance: ref, ...request, drain: true });
      entity.wake();
      return 'written';
    },
    { validator: requireCluster },
  );
  setHandler(
    restoreClusterUpdate,
    async (request) => {
      await quick.drainCluster({ instance: ref, ...request, drain: false });
      entity.wake();
      return 'written';
    },
    { validator: requireCluster },
  );
  setHandler(
    moveUpdate,
    async (request) => {
      const placement = await quick.moveMember({ instance: ref, ...request });
      entity.wake();
      return placement;
    },
    {
      validator: (request: MoveRequest) => {
        requireAsker(request);
        if (request.from === '' || request.to === '' || request.from === request.to)
          throw refuse('name two different clusters, e.g. {"from":"east","to":"west","by":"you"}');
      },
    },
  );
}

const STAYS =
  ' The feature compatibility version stays as it is: below 7.0 spec.imageSetting.image may be set back.';

const describeHold = (what: string, { by, why }: Asker): string =>
  `${what} by ${by}${why === undefined ? '' : ` (${why})`}: change what is asked for, or send the Update "resume".`;

function requireCluster(request: ClusterRequest): void {
  requireAsker(request);
  const cluster: unknown = request.cluster;
  if (typeof cluster !== 'string' || cluster === '') throw refuse('name the cluster');
}
