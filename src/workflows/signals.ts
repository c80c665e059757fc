import { defineSignal } from '@temporalio/workflow';

/** Something about the instance may have changed: read it. Carries no spec, so a lost or doubled one is harmless. */
export interface Poke {
  readonly generation: number;
  readonly deletionRequested: boolean;
}

export const pokeSignal = defineSignal<[Poke]>('poke');

/** To an operation: end at the next safe point; the text says who asked and why. */
export const stopSignal = defineSignal<[string]>('stop');

/** To an operation: when it waits next, end and let a fresh run go on, as the entity's history is long. */
export const handOnSignal = defineSignal('handOn');

/** To an operation that waits: look again now. */
export const nudgeSignal = defineSignal('nudge');
