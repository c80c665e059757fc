import type { StepFacts } from '../../../src/domain/plan';
import type { RotationFacts } from '../../../src/domain/rotation';

/** Keys as a Secret and mongods have them; whoever shares none with another is refused there. */
export interface KeyModel {
  /** The keyfile: the first key is what is used towards others. */
  file: readonly string[];
  former: string | undefined;
  /** Counted up with each content of the file; pods are told apart by it. */
  revision: number;
  taken: boolean;
  wantsKey: boolean;
  passwords: boolean;
  /** One restart in so many takes the content before the present one; 0: none. */
  staleOnceIn: number;
  before: readonly string[];
  made: number;
  readonly held: Map<string, readonly string[]>;
  readonly heldRevision: Map<string, number>;
}

export function createKeyModel(hosts: readonly string[]): KeyModel {
  return {
    file: ['key-0'],
    former: undefined,
    revision: 0,
    taken: true,
    wantsKey: false,
    passwords: false,
    staleOnceIn: 0,
    before: ['key-0'],
    made: 0,
    held: new Map(hosts.map((host) => [host, ['key-0']])),
    heldRevision: new Map(hosts.map((host) => [host, 0])),
  };
}

/** Why a member does not run with what the file holds: its template tells, or only the member itself. */
export function isBehind(keys: KeyModel, host: string): 'pending' | 'stale' | undefined {
  if (!keys.held.has(host)) return undefined;
  if (keys.taken && keys.heldRevision.get(host) !== keys.revision) return 'pending';
  const held = keys.held.get(host) ?? [];
  const [first = '', second] = keys.file;
  const rotating = second !== undefined || keys.former !== undefined;
  if (!rotating || keys.heldRevision.get(host) !== keys.revision) return undefined;
  const right =
    second === undefined ? held.includes(first) && !held.includes(keys.former ?? '') : held.includes(second);
  return right ? undefined : 'stale';
}

export const rotationOf = (keys: KeyModel): RotationFacts => ({
  passwords: keys.passwords ? ['root', 'clusterAdmin', 'clusterMonitor'] : [],
  exporters: false,
  keyfile: keys.file.length > 1 ? 'both' : keys.former === undefined ? 'one' : 'new',
  wantsKey: keys.wantsKey,
  taken: keys.taken,
});

/** A member starts with what the file holds, or with what it held before, where a kubelet was late. */
export function startMember(keys: KeyModel, host: string, choose: (n: number) => number): void {
  const late = keys.staleOnceIn > 0 && choose(keys.staleOnceIn) === 0;
  keys.held.set(host, late ? keys.before : keys.file);
  keys.heldRevision.set(host, keys.revision);
}

/** Whether every two members, and we, can sign in to each other. */
export function sharesKeys(keys: KeyModel, hosts: ReadonlySet<string>): boolean {
  const held = [...hosts].map((host) => keys.held.get(host) ?? keys.file);
  const ours = keys.file[0] ?? '';
  return held.every(
    (one) => one.includes(ours) && held.every((other) => one.some((key) => other.includes(key))),
  );
}

/** Carries out one step of a rotation as the activity would. @returns whether the plan must be made again */
export function turnKeys(keys: KeyModel, step: StepFacts, hosts: ReadonlySet<string>): boolean {
  const [first = '', second] = keys.file;
  const everybody = (test: (held: readonly string[]) => boolean): boolean =>
    [...hosts].every((host) => test(keys.held.get(host) ?? keys.file));
  const write = (file: readonly string[]): void => {
    keys.before = keys.file;
    keys.file = file;
    keys.revision += 1;
    keys.taken = false;
  };
  switch (step.kind) {
    case 'rotatePasswords':
      keys.passwords = false;
      return false;
    case 'shareCredentials':
      keys.taken = true;
      return true;
    case 'writeKeyfile':
      if (step.keys === 'both') {
        keys.made += 1;
        write([first, `key-${keys.made}`]);
      } else if (step.keys === 'old') write([first]);
      else if (second !== undefined) {
        // The activity asks each member before it takes a key away.
        if (!everybody((held) => held.includes(second))) return true;
        write([second]);
        keys.former = first;
        keys.wantsKey = false;
      }
      return false;
    case 'retireKey':
      if (!everybody((held) => !held.includes(keys.former ?? ''))) return true;
      keys.former = undefined;
      return false;
    default:
      throw new Error(`${step.kind} is no step of a rotation`);
  }
}
