import { ApplicationFailure } from '@temporalio/workflow';
import type { InstanceRef } from '../domain/instance';
import type { Asker } from './commands';
import type { InstanceState } from './entity-state';

/** What the handlers may do with the entity. */
export interface EntityControl {
  readonly ref: InstanceRef;
  readonly state: () => InstanceState;
  readonly change: (next: InstanceState) => void;
  /** Workflow id of the operation in hand; undefined: none. */
  readonly running: () => string | undefined;
  /** Ends it at its next safe point. */
  readonly stopRunning: (message: string) => Promise<void>;
  /** Looks at the custom resource again. */
  readonly wake: () => void;
}

/** The type is a promise of the sender: anything may come. */
export function requireAsker(asker: Partial<Asker> | null | undefined): void {
  const by: unknown = asker?.by;
  if (typeof by !== 'string' || by.trim() === '') throw refuse('say who asks, e.g. {"by":"you@example.org"}');
}

export function refuse(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'InvalidSpec');
}
