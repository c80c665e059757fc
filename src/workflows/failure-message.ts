import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';

/** What went wrong first, beneath what it made fail. */
export function rootMessage(error: unknown): string {
  if (error instanceof ChildWorkflowFailure || error instanceof ActivityFailure)
    return rootMessage(error.cause);
  return error instanceof ApplicationFailure || error instanceof Error ? error.message : String(error);
}
