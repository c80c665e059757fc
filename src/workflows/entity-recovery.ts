import type { Found, InstanceState, Wanted } from './entity-state';

/**
 * What a lost cluster, or one that is back, asks for: before everything but a removal. A plan of the same kind that waits
 * for a person is left to wait, and one that somebody held stays held until something else is asked for.
 */
export function nextRecovery(snapshot: Found, state: InstanceState): Wanted | undefined {
  const majority = nextMajority(snapshot, state);
  if (majority !== undefined) return majority;
  const asked = (state.requests ?? []).find(({ kind }) => kind === 'failoverInstance');
  if (asked !== undefined) return asked;
  if (snapshot.calledLost !== undefined)
    return { kind: 'failoverInstance', cluster: snapshot.calledLost, asker: { by: 'holder of patch' } };
  const held = state.held !== undefined && state.held.wish === snapshot.wish ? state.held : undefined;
  const waiting = state.suspended?.wish === snapshot.wish ? state.suspended?.kind : undefined;
  if (snapshot.lost !== undefined && held === undefined && waiting !== 'failoverInstance')
    return { kind: 'failoverInstance', cluster: snapshot.lost };
  // A failover that somebody stopped is over with the loss.
  const mayReturn = held === undefined || held.kind === 'failoverInstance';
  if (snapshot.returned !== undefined && mayReturn && waiting !== 'failbackInstance')
    return { kind: 'failbackInstance', cluster: snapshot.returned };
  return undefined;
}

/** Only people ask for a majority to be recovered: by Update, or by annotation, which names nobody. */
export function nextMajority(snapshot: Found, state: InstanceState): Wanted | undefined {
  const asked = (state.requests ?? []).find(({ kind }) => kind === 'recoverInstance');
  if (asked !== undefined || snapshot.recoveryAsked === undefined) return asked;
  return { kind: 'recoverInstance', asker: { by: 'holder of patch', why: snapshot.recoveryAsked } };
}

/** Whether an operation that runs makes room for this one, at once. */
export function preempts(wanted: Wanted, running: Wanted): boolean {
  switch (wanted.kind) {
    case 'deleteInstance':
      return running.kind !== 'deleteInstance';
    case 'failoverInstance':
      return !['deleteInstance', 'createInstance', 'failoverInstance', 'recoverInstance'].includes(
        running.kind,
      );
    case 'recoverInstance':
      // Whatever runs waits for a primary.
      return !['deleteInstance', 'createInstance', 'recoverInstance'].includes(running.kind);
    case 'failbackInstance':
      // The lost cluster is back before anything could be moved.
      return running.kind === 'failoverInstance';
    default:
      return false;
  }
}
