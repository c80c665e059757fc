import type { Client } from '@temporalio/client';
import { eventsOf, type HistoryEvent } from './history-json';

export interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

export interface Recording extends Run {
  /** Which run of its chain: 1, 2, … */
  readonly number: number;
  /** The event that started it, when that was recorded too. */
  readonly origin?: { readonly runId: string; readonly eventId: string } | undefined;
  readonly events: readonly HistoryEvent[];
}

/** The histories of these runs, of their children, and of the runs that continue them; those that start come first. */
export async function fetchRecordings(client: Client, roots: readonly Run[]): Promise<Recording[]> {
  const recordings: Recording[] = [];
  const open: Omit<Recording, 'number' | 'events'>[] = [...roots];
  for (let run = open.shift(); run !== undefined; run = open.shift()) {
    const { workflowId, runId } = run;
    if (recordings.some((known) => known.runId === runId)) continue;
    const number = 1 + recordings.filter((known) => known.workflowId === workflowId).length;
    const events = eventsOf(await client.workflow.getHandle(workflowId, runId).fetchHistory());
    recordings.push({ ...run, number, events });
    for (const event of events) {
      const origin = { runId, eventId: event.eventId };
      const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
      if (child !== undefined) open.push({ ...child, origin });
      const next = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
      if (next !== undefined) open.push({ workflowId, runId: next, origin });
    }
  }
  return recordings;
}
