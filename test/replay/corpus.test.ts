import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTarget, listVersions, openHistory } from './corpus';

describe('a version to record', () => {
  it.each([
    ['the first', [], 'v1', false],
    ['the next', ['v1', 'v2'], 'v3', false],
    ['the newest again, when told', ['v1', 'v2'], 'v2', true],
  ])('may be %s', (_which, versions, asked, overwrite) => {
    expect(() => checkTarget(versions, asked, overwrite)).not.toThrow();
  });

  it.each([
    ['one that is there', ['v1'], 'v1', false, '--overwrite'],
    ['an older one, not even when told', ['v1', 'v2'], 'v1', true, 'only v2'],
    ['without a name', ['v1'], '', false, 'say v1, v2'],
    ['anywhere else', ['v1'], '../v2', true, 'say v1, v2'],
  ])('may not be %s', (_which, versions, asked, overwrite, message) => {
    expect(() => checkTarget(versions, asked, overwrite)).toThrow(message);
  });
});

test('versions are in the order of their numbers, other folders aside', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedstate-versions-'));
  try {
    for (const name of ['v10', 'v2', 'v9', 'notes', 'v0']) mkdirSync(join(folder, name));
    expect(listVersions(folder)).toEqual(['v2', 'v9', 'v10']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a history without a finished task is refused, as its replay would never end', () => {
  const started = {
    eventId: '1',
    eventTime: '2026-01-01T00:00:00.000Z',
    eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
    workflowExecutionStartedEventAttributes: { workflowId: 'w', workflowType: { name: 'instance' } },
  };
  expect(() => openHistory('v1/x.json', JSON.stringify({ events: [started] }))).toThrow(
    'v1/x.json ends before',
  );
});
