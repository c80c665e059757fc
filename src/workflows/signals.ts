import { defineSignal } from '@temporalio/workflow';

/** Something about the instance may have changed: read it. Carries no spec, so a lost or doubled one is harmless. */
export interface Poke {
  readonly generation: number;
  readonly deletionRequested: boolean;
}

export const pokeSignal = defineSignal<[Poke]>('poke');

/** To an operation: end at the next safe point; the text says who asked and why. */
export const stopSignal = defineSignal<[string]>('stop');

/** To an operation that waits: look again now. */
export const nudgeSignal = defineSignal('nudge');
