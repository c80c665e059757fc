import { randomBytes, randomUUID } from 'node:crypto';
import { formatHistory, type HistoryEvent } from './history-json';
import { normalise } from './normalise';
import type { Recording } from './recording';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

/** An entity that waits 15 s, then starts a child; recorded at any time, with the ids of the day. */
function record(startMs: number, taskMs: number, flags: readonly number[]): Recording[] {
  const [entityRun, childRun] = [randomUUID(), randomUUID()];
  const queue = `fedstate-test-${randomBytes(16).toString('hex')}`;
  let ms = startMs;
  const eventAt = (eventId: number, eventType: string, attributes: object = {}): HistoryEvent => {
    ms += taskMs;
    return { eventId: `${eventId}`, eventTime: new Date(ms).toISOString(), eventType, ...attributes };
  };
  const entity = [
    eventAt(1, 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED', {
      taskId: `${ms}`,
      originalExecutionRunId: entityRun,
    }),
    eventAt(2, 'EVENT_TYPE_TIMER_STARTED', {
      timerStartedEventAttributes: { timerId: '1', startToFireTimeout: '15s' },
    }),
    eventAt(3, 'EVENT_TYPE_TIMER_FIRED', { timerFiredEventAttributes: { timerId: '1' } }),
    eventAt(4, 'EVENT_TYPE_WORKFLOW_TASK_STARTED', { taskQueue: { name: queue } }),
  ];
  const startedAt = new Date(ms).toISOString();
  const start = { input: { payloads: [{ data: base64({ startedAt }) }] } };
  entity.push(
    eventAt(5, 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED', start),
    eventAt(6, 'EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED', { runId: childRun }),
  );
  const child = [
    eventAt(1, 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED', { ...start, parentRunId: entityRun }),
    eventAt(2, 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED', { sdkMetadata: { coreUsedFlags: flags } }),
  ];
  return [
    { workflowId: 'e', runId: entityRun, number: 1, events: entity },
    {
      workflowId: 'c',
      runId: childRun,
      number: 1,
      origin: { runId: entityRun, eventId: '6' },
      events: child,
    },
  ];
}

const textsOf = (recordings: readonly Recording[]): string[] =>
  normalise(recordings).map(({ events }) => formatHistory(events));

test('two recordings of one course are the same text', () => {
  const first = textsOf(record(Date.parse('2026-03-01T08:00:00.000Z'), 7, [1, 3, 2]));
  expect(textsOf(record(Date.parse('2027-11-26T23:59:59.999Z'), 40, [2, 1, 3]))).toEqual(first);
});

test('time goes on by the timers that fired, in children and payloads too', () => {
  const [entity = '', child = ''] = textsOf(record(Date.parse('2026-03-01T08:00:00.000Z'), 7, [1]));
  const times = (text: string): string[] => text.match(/(?<="eventTime":"2026-01-01T)[^"]*/g) ?? [];
  expect(times(entity)).toEqual([
    ...['00:00:00.000Z', '00:00:00.000Z'],
    ...['00:00:15.000Z', '00:00:15.000Z', '00:00:15.000Z', '00:00:15.000Z'],
  ]);
  expect(times(child)).toEqual(['00:00:15.000Z', '00:00:15.000Z']);
  expect(child).toContain(base64({ startedAt: '2026-01-01T00:00:15.000Z' }));
});

test('a time that no workflow read is refused: it would differ in the next recording', () => {
  const [entity] = record(Date.parse('2026-03-01T08:00:00.000Z'), 7, [1]);
  const foreign: HistoryEvent = {
    eventId: '7',
    eventTime: '2026-03-01T08:00:01.000Z',
    eventType: 'EVENT_TYPE_ACTIVITY_TASK_COMPLETED',
    result: { payloads: [{ data: base64('2026-03-01T08:00:00.500Z') }] },
  };
  if (entity === undefined) throw new Error('nothing recorded');
  expect(() => normalise([{ ...entity, events: [...entity.events, foreign] }])).toThrow(
    '2026-03-01T08:00:00.500Z',
  );
});
