import type { OperationKind } from '../domain/instance';
import { nextMajority, nextRecovery, preempts } from './entity-recovery';
import {
  waitingRecovery,
  wantedOf,
  type Found,
  type InstanceState,
  type RunnableKind,
  type Wanted,
} from './entity-state';

/** What is to be done next; undefined: nothing, or a person's word is missing. */
export function nextOperation(snapshot: Found, state: InstanceState, now: number): Wanted | undefined {
  const wanted = chooseOperation(snapshot, state, now);
  const { handedOn } = state;
  const goesOn = handedOn !== undefined && (wanted === undefined || !preempts(wanted, handedOn));
  return goesOn ? handedOn : wanted;
}

function chooseOperation(snapshot: Found, state: InstanceState, now: number): Wanted | undefined {
  if (snapshot.deletionRequested) return { kind: 'deleteInstance' };
  if (!snapshot.created) return { kind: 'createInstance' };
  const waiting = waitingRecovery(state);
  // Without a majority nothing else could be done; the plan stays what it is until it is approved, or void.
  if (waiting !== undefined)
    return waiting.agreed === undefined ? nextMajority(snapshot, state) : wantedOf(waiting);
  const recovery = nextRecovery(snapshot, state);
  if (recovery !== undefined) return recovery;
  const { suspended } = state;
  if (suspended !== undefined && suspended.wish === snapshot.wish) {
    const { plan, opensAt } = suspended.suspension;
    const agreed = suspended.agreed !== undefined || snapshot.approved === plan.hash;
    const open = opensAt !== undefined && msUntil(opensAt, now) <= 0;
    if (agreed || open) return wantedOf(suspended);
    // A wish that is held up must not hold up what somebody asks for now.
    return state.requests?.[0];
  }
  const [request] = state.requests ?? [];
  if (request !== undefined) return request;
  return snapshot.change !== undefined && isRunnable(snapshot.change) && state.held?.wish !== snapshot.wish
    ? { kind: snapshot.change }
    : undefined;
}

// The worker's clock, which judges the window, may be behind the server's, which wakes the entity.
const CLOCK_SKEW_MS = 2_000;

/** Ms until a plan that waits for this moment should be tried. */
export const msUntil = (opensAt: string, now: number): number => Date.parse(opensAt) + CLOCK_SKEW_MS - now;

const RUNNABLE: Record<RunnableKind, true> = {
  createInstance: true,
  scaleInstance: true,
  updateInstance: true,
  upgradeInstance: true,
  switchoverInstance: true,
  drainInstance: true,
  rotateInstance: true,
  rebuildInstance: true,
  failoverInstance: true,
  failbackInstance: true,
  recoverInstance: true,
  deleteInstance: true,
};

const isRunnable = (kind: OperationKind): kind is RunnableKind => kind in RUNNABLE;
