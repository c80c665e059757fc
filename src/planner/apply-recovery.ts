import type { RecoveryStepFacts } from '../domain/plan';
import { majorityOf } from '../domain/replica-set';
import { refuse, type Applied } from './applied';
import { setFault } from './config-rules';
import { clusterIn, isHealthyIn, type SetState } from './set-state';

/** One step of a recovery on paper. S1 does not hold here: what holds in its place is that nobody else can lead. */
export function applyRecovery(state: SetState, step: RecoveryStepFacts): Applied {
  switch (step.kind) {
    case 'fence': {
      const alive = state.members.find(
        (member) => step.clusters.includes(clusterIn(state, member)) && isHealthyIn(state, member.host),
      );
      return alive === undefined
        ? { ok: true, state: { ...state, fenced: new Set([...(state.fenced ?? []), ...step.clusters]) } }
        : refuse('S20', `${alive.host} lives: cluster ${clusterIn(state, alive)} is not fenced.`);
    }
    case 'forceReconfig':
      return force(state, step);
  }
}

function force(state: SetState, step: Extract<RecoveryStepFacts, { kind: 'forceReconfig' }>): Applied {
  if (state.primaryHost !== undefined)
    return refuse('S4', `${state.primaryHost} is primary: nothing is forced.`);
  const voters = state.members.filter(({ votes }) => votes > 0);
  const healthy = voters.filter(({ host }) => isHealthyIn(state, host));
  if (healthy.length >= majorityOf(voters.length))
    return refuse('S4', `${healthy.length} of ${voters.length} voters answer: they elect a primary.`);
  const stranger = step.members.find(
    (member) => !state.members.some(({ _id, host }) => _id === member._id && host === member.host),
  );
  if (stranger !== undefined) return refuse('S5', `${stranger.host} was no member of _id ${stranger._id}.`);
  const dead = step.members.find(({ host }) => !isHealthyIn(state, host));
  if (dead !== undefined) return refuse('S4', `${dead.host} is down: it is no survivor.`);
  const kept = new Set(step.members.map(({ host }) => host));
  const holding = new Set(step.members.map((member) => clusterIn(state, member)));
  const gone = state.members.filter(({ host }) => !kept.has(host));
  const spilled = gone.find(({ host, arbiterOnly }) => isHealthyIn(state, host) && !arbiterOnly);
  if (spilled !== undefined) return refuse('S4', `${spilled.host} has data and lives: it stays.`);
  const open = gone
    .filter(({ host }) => !isHealthyIn(state, host))
    .map((member) => clusterIn(state, member))
    .find((cluster) => !holding.has(cluster) && state.fenced?.has(cluster) !== true);
  if (open !== undefined)
    return refuse('S4', `cluster ${open} is not fenced: it could make a second primary.`);
  const leader = step.members.find(({ host }) => host === step.host);
  if (leader === undefined || leader.priority === 0)
    return refuse('S14', `${step.host} could not be elected.`);
  const fault = setFault(step.members);
  return fault === undefined
    ? { ok: true, state: { ...state, members: step.members } }
    : { ok: false, fault };
}
