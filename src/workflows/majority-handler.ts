import { setHandler } from '@temporalio/workflow';
import { operationWorkflowId } from '../domain/workflow-ids';
import { recoverMajorityUpdate, type RecoverMajorityRequest } from './commands';
import { refuse, requireAsker, type EntityControl } from './entity-control';

/** Asks for a plan only: nothing is forced before somebody with a name has agreed to that very plan. */
export function handleMajorityCommand(entity: EntityControl): void {
  setHandler(
    recoverMajorityUpdate,
    ({ by, why }) => {
      const state = entity.state();
      const kind = 'recoverInstance';
      const others = (state.requests ?? []).filter((other) => other.kind !== kind);
      entity.change({ ...state, requests: [{ kind, asker: { by, why } }, ...others] });
      entity.wake();
      return operationWorkflowId(entity.ref, state.operations + 1, kind);
    },
    {
      validator: (request: RecoverMajorityRequest) => {
        requireAsker(request);
        const why: unknown = request.why;
        if (typeof why !== 'string' || why.trim() === '')
          throw refuse('say why the others never come back, e.g. {"by":"you","why":"both sites burnt down"}');
        if ((entity.state().requests?.length ?? 0) >= 10) throw refuse('ten requests wait already');
      },
    },
  );
}
