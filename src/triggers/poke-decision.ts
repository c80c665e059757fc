import type { InstanceView } from './instance-view';
import type { RunningEntity } from './temporal-client';

export type PokeReason =
  | 'spec'
  | 'deletion'
  | 'annotation'
  | 'entityMissing'
  | 'unsettled'
  | 'cluster'
  | 'room'
  | 'members'
  | 'gone';

/** What an instance looked like when it was poked last, or found to need no poke. */
export interface Seen {
  readonly uid: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly steeringDigest: string;
}

export interface PokeFacts {
  readonly instance: InstanceView;
  /** Undefined: not looked at since this process began. */
  readonly seen: Seen | undefined;
  /** The entity as last listed; undefined: none runs, or the list could not be had. */
  readonly entity: RunningEntity | undefined;
  /** Something around the instance has changed. */
  readonly pressed: PokeReason | undefined;
}

export const seenOf = (instance: InstanceView): Seen => ({
  uid: instance.ref.uid,
  generation: instance.generation,
  isDeleting: instance.isDeleting,
  steeringDigest: instance.steeringDigest,
});

/** Why this instance must be poked now; undefined: its entity knows all there is to know. Pure. */
export function decidePoke({ instance, seen, entity, pressed }: PokeFacts): PokeReason | undefined {
  // Our part is over, or never began: only somebody else's finalizer keeps the object.
  if (instance.isDeleting && !instance.hasFinalizer && entity === undefined) return undefined;
  if (seen?.uid !== instance.ref.uid) {
    if (instance.isDeleting) return 'deletion';
    if (entity === undefined) return 'entityMissing';
    return isBehind(instance, entity) ? 'spec' : instance.isUnsettled ? 'unsettled' : pressed;
  }
  if (instance.isDeleting && !seen.isDeleting) return 'deletion';
  if (instance.generation !== seen.generation) return 'spec';
  if (instance.steeringDigest !== seen.steeringDigest) return 'annotation';
  if (entity === undefined) return 'entityMissing';
  return pressed;
}

/**
 * Whether the entity has not read the newest spec. Its own word counts beside the status: whoever writes the status
 * reads the newest generation, also when no operation knows of it yet.
 */
export function isBehind(instance: InstanceView, entity: RunningEntity): boolean {
  return entity.generation !== instance.generation || instance.observedGeneration !== instance.generation;
}
