import type { StepFacts } from '../domain/plan';
import type { RotationFacts } from '../domain/rotation';
import type { Fault } from './config-rules';
import type { InstanceMember } from './instance-member';
import type { Keys, KeyState, SetState } from './set-state';

/** Who is due has not started with what the file holds; before the managers have told, anybody may be due. */
export function keysOf(
  { keyfile, taken }: RotationFacts,
  members: readonly Pick<InstanceMember, 'host' | 'restart'>[],
): KeyState {
  const file = keyfile === 'one' ? 'old' : keyfile;
  const before = file === 'new' ? 'both' : 'old';
  const held = members.map(({ host, restart }): [string, Keys] => [host, restart || !taken ? before : file]);
  return { file, held: new Map(held) };
}

/** A member that was never looked at starts with what the file holds. */
const heldIn = (keys: KeyState, host: string): Keys => keys.held.get(host) ?? keys.file;

/** S23: no member may be left without a key that all others, and we, use. */
export function keyfileFault(
  state: SetState,
  step: Extract<StepFacts, { kind: 'writeKeyfile' | 'retireKey' }>,
): Fault | undefined {
  const { keys } = state;
  if (keys === undefined) return { rule: 'S23', message: 'No rotation of the keyfile is under way.' };
  const lacks = (key: 'old' | 'new') => (host: string) =>
    heldIn(keys, host) !== key && heldIn(keys, host) !== 'both';
  const hosts = state.members.map(({ host }) => host);
  if (step.kind === 'retireKey') {
    const late = hosts.find((host) => heldIn(keys, host) !== 'new');
    return late === undefined
      ? undefined
      : { rule: 'S23', message: `${late} still takes the old key: restart it first.` };
  }
  const needed = step.keys === 'new' ? 'new' : 'old';
  const late = hosts.find(lacks(needed));
  return late === undefined
    ? undefined
    : {
        rule: 'S23',
        message: `${late} does not take the ${needed} key: nobody could sign in there once the keyfile holds ${step.keys === 'both' ? 'both' : `the ${step.keys} one alone`}.`,
      };
}

export function writeKeys(state: SetState, file: Keys): SetState {
  const { keys } = state;
  if (keys === undefined) return state;
  // Who was never looked at has what the file held until now.
  const held = state.members.map(({ host }): [string, Keys] => [host, heldIn(keys, host)]);
  return { ...state, keys: { file, held: new Map(held) } };
}

/** A restart takes what the file holds. */
export function takeKeys(state: SetState, host: string): SetState {
  const { keys } = state;
  return keys === undefined
    ? state
    : { ...state, keys: { file: keys.file, held: new Map([...keys.held, [host, keys.file]]) } };
}
