import { z } from 'zod';
import { mapFields, type HistoryEvent } from './history-json';
import type { Recording } from './recording';

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

// Bookkeeping of the server, checksums of the bundle, paths of the machine that recorded.
const DROPPED: ReadonlySet<string> = new Set([
  'taskId',
  'requestId',
  'historySizeBytes',
  'workerVersion',
  'meteringMetadata',
  'stackTrace',
  'prevAutoResetPoints',
  'firstWorkflowTaskBackoff',
  'backoffStartInterval',
]);
// Maps and sets, whose order is chance.
const UNORDERED: ReadonlySet<string> = new Set([
  'metadata',
  'indexedFields',
  'coreUsedFlags',
  'langUsedFlags',
]);

/**
 * Makes two recordings of the same course the same text: ids are numbered as they are seen, and time stands still but
 * for timers that fire. A replay sees the same order of events and the same waits.
 */
export function normalise(recordings: readonly Recording[]): Recording[] {
  const clocks = readClocks(recordings);
  const ids = new Map<string, string>();
  const renameIds = (text: string): string =>
    text
      .replace(/-[0-9a-f]{32}\b/g, '-sticky')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
        const known = ids.get(id) ?? `00000000-0000-4000-8000-${String(ids.size + 1).padStart(12, '0')}`;
        ids.set(id, known);
        return known;
      });
  return recordings.map((recording) => {
    const events = recording.events.map((event): HistoryEvent => ({
      ...eventFields.parse(
        mapFields(event, (key, value) => {
          if (DROPPED.has(key)) return undefined;
          if (key === 'data' && typeof value === 'string') return retime(value, clocks.instants);
          if (UNORDERED.has(key)) return sort(value);
          return typeof value === 'string' ? renameIds(value) : value;
        }),
      ),
      eventTime: timeOf(clocks.events.get(placeOf(recording.runId, event.eventId)) ?? 0),
    }));
    return { ...recording, events };
  });
}

const eventFields = z.looseObject({ eventId: z.string(), eventTime: z.string(), eventType: z.string() });

interface Clocks {
  /** Ms since the start by run and event. */
  readonly events: ReadonlyMap<string, number>;
  /** The same by the time that a workflow saw. */
  readonly instants: ReadonlyMap<string, number>;
}

const placeOf = (runId: string, eventId: string): string => `${runId} ${eventId}`;

const timeOf = (ms: number): string => new Date(START_MS + ms).toISOString();

function readClocks(recordings: readonly Recording[]): Clocks {
  const events = new Map<string, number>();
  const instants = new Map<string, number>();
  for (const { runId, origin, events: course } of recordings) {
    const due = new Map<string, number>();
    let now = origin === undefined ? 0 : (events.get(placeOf(origin.runId, origin.eventId)) ?? 0);
    for (const event of course) {
      const { timerStartedEventAttributes: started, timerFiredEventAttributes: fired } = event;
      if (started !== undefined)
        due.set(started.timerId, now + Number(started.startToFireTimeout.replace(/s$/, '')) * 1000);
      if (fired !== undefined) now = Math.max(now, due.get(fired.timerId) ?? now);
      events.set(placeOf(runId, event.eventId), now);
      if (event.eventType === 'EVENT_TYPE_WORKFLOW_TASK_STARTED') instants.set(event.eventTime, now);
    }
  }
  return { events, instants };
}

/** Payloads tell times that a workflow read from its clock, which is when its task was started. */
function retime(data: string, instants: ReadonlyMap<string, number>): string {
  const text = Buffer.from(data, 'base64').toString('utf8');
  return Buffer.from(
    text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (instant) => {
      const ms = instants.get(instant);
      if (ms === undefined) throw new Error(`${instant}, in a payload, is not when a task was started`);
      return timeOf(ms);
    }),
  ).toString('base64');
}

function sort(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => item).sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
