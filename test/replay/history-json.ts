import { temporal } from '@temporalio/proto';
import { z } from 'zod';

const { History } = temporal.api.history.v1;
export type History = temporal.api.history.v1.IHistory;

const eventSchema = z
  .looseObject({
    eventId: z.string(),
    eventTime: z.string(),
    eventType: z.string(),
    workflowExecutionStartedEventAttributes: z.looseObject({
      workflowId: z.string(),
      workflowType: z.object({ name: z.string() }),
    }),
    activityTaskScheduledEventAttributes: z.looseObject({ activityType: z.object({ name: z.string() }) }),
    timerStartedEventAttributes: z.looseObject({ timerId: z.string(), startToFireTimeout: z.string() }),
    timerFiredEventAttributes: z.looseObject({ timerId: z.string() }),
    childWorkflowExecutionStartedEventAttributes: z.looseObject({
      workflowExecution: z.object({ workflowId: z.string(), runId: z.string() }),
    }),
    workflowExecutionContinuedAsNewEventAttributes: z.looseObject({ newExecutionRunId: z.string() }),
  })
  .partial()
  .required({ eventId: true, eventTime: true, eventType: true });

/** An event as `temporal workflow show` writes it; only what somebody here looks at is named. */
export type HistoryEvent = z.infer<typeof eventSchema>;

const fileSchema = z.object({ events: z.array(eventSchema).nonempty() });

// Protobuf's own JSON has text for these two messages; what the SDK offers for it fails where npm installs protobufjs more than once.
const TIME = /Time$/;
const DURATION = /(Timeout|Interval|Backoff|Delay)$/;
const amountSchema = z.object({ seconds: z.coerce.number().default(0), nanos: z.number().default(0) });

/** The events of a history that was fetched. */
export function eventsOf(history: History): readonly HistoryEvent[] {
  const plain: unknown = History.toObject(History.fromObject(history), {
    longs: String,
    enums: String,
    bytes: String,
  });
  return fileSchema.parse(
    mapFields(plain, (key, value) => {
      const amount = amountSchema.strict().safeParse(value);
      if (!amount.success) return value;
      const { seconds, nanos } = amount.data;
      if (TIME.test(key)) return new Date(seconds * 1000 + Math.floor(nanos / 1e6)).toISOString();
      return DURATION.test(key) ? `${seconds + nanos / 1e9}s` : value;
    }),
  ).events;
}

/** One event a line: small, and what differs between two recordings is seen at once. */
export function formatHistory(events: readonly HistoryEvent[]): string {
  return `{"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

export function parseHistory(text: string): { events: readonly HistoryEvent[]; history: History } {
  const { events } = fileSchema.parse(JSON.parse(text));
  const plain = mapFields({ events }, (key, value) => {
    if (typeof value !== 'string') return value;
    if (TIME.test(key)) {
      const ms = Date.parse(value);
      return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
    }
    if (!DURATION.test(key)) return value;
    const ms = Math.round(Number(value.replace(/s$/, '')) * 1000);
    return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
  });
  return { events, history: History.fromObject(z.record(z.string(), z.unknown()).parse(plain)) };
}

/** Every field of every object, outer ones first, as `change` has it. */
export function mapFields(value: unknown, change: (key: string, value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mapFields(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => {
      const changed = change(key, field);
      return changed === undefined ? [] : [[key, mapFields(changed, change)]];
    }),
  );
}
