import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * Whether this run should end at its next rest, as its history, or the one that it is `asked` for, grows towards the limit
 * at which the server terminates it (Temporal: "Event History limits").
 */
export const isHistoryLong = (asked: () => boolean = () => false): boolean =>
  (workflowInfo().continueAsNewSuggested || asked()) && patched('hand-on');
