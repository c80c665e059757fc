import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { packageFolder } from '../../local/stack/package-folder';
import { parseHistory, type History, type HistoryEvent } from './history-json';

export interface HistoryFile {
  /** `v1/creation.instance.1.json`. */
  readonly name: string;
  readonly text: string;
  readonly workflowId: string;
  readonly workflowType: string;
  readonly events: readonly HistoryEvent[];
  readonly history: History;
}

export const corpusFolder = (): string => join(packageFolder(), 'test', 'replay', 'histories');

/** Version folders, oldest first. */
export function listVersions(folder = corpusFolder()): string[] {
  return readdirSync(folder)
    .filter((name) => VERSION.test(name))
    .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}
const VERSION = /^v[1-9]\d*$/;

export function readVersion(version: string): HistoryFile[] {
  return readdirSync(join(corpusFolder(), version))
    .sort()
    .map((file) =>
      openHistory(`${version}/${file}`, readFileSync(join(corpusFolder(), version, file), 'utf8')),
    );
}

export function openHistory(name: string, text: string): HistoryFile {
  const { events, history } = parseHistory(text);
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (started === undefined) throw new Error(`${name} does not begin with the start of a workflow`);
  // The replayer waits for ever for a first task that never comes.
  if (!events.some(({ eventType }) => eventType === 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED'))
    throw new Error(`${name} ends before the workflow did anything`);
  const { workflowId, workflowType } = started;
  return { name, text, workflowId, workflowType: workflowType.name, events, history };
}

/** Runs the workflows of a bundle along recorded histories. Gives what went wrong by file. */
export async function replay(bundle: string, files: readonly HistoryFile[]): Promise<Map<string, Error>> {
  const failures = new Map<string, Error>();
  let replayed = 0;
  const results = Worker.runReplayHistories({ workflowBundle: { codePath: bundle } }, files);
  // Results come one by one in the order of the files.
  for await (const { error } of results) {
    const name = files[replayed]?.name ?? '';
    replayed += 1;
    if (error !== undefined) failures.set(name, error);
  }
  if (replayed !== files.length)
    throw new Error(`only ${replayed} of ${files.length} histories were replayed`);
  return failures;
}

/**
 * Whether this version may be recorded.
 * @throws with what to do instead
 */
export function checkTarget(versions: readonly string[], asked: string, overwrite: boolean): void {
  if (!VERSION.test(asked)) throw new Error(`"${asked}" is no version: say v1, v2, …`);
  const newest = versions.at(-1);
  if (!versions.includes(asked)) return;
  if (asked !== newest)
    throw new Error(
      `${asked} is what workers of its time wrote: only ${newest ?? ''} may be recorded again.`,
    );
  if (!overwrite)
    throw new Error(
      `${asked} is there already. Record a new version, or say --overwrite if no release has run ${asked}.`,
    );
}
