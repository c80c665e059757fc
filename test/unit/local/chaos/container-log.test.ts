import { mostDown, readTask, type TaskEvent } from '../../../../local/chaos/container-log';

const exit = (member: string, at: number): TaskEvent => ({ member, at, what: 'exit' });
const start = (member: string, at: number): TaskEvent => ({ member, at, what: 'start' });

describe('members that were down at one time', () => {
  test.each<[string, TaskEvent[], string[]]>([
    ['none', [], []],
    ['one after the other', [exit('a', 1), start('a', 2), exit('b', 2), start('b', 3)], ['a']],
    ['two, told in another order', [start('b', 5), exit('b', 2), start('a', 3), exit('a', 1)], ['a', 'b']],
    ['one that never comes back', [exit('a', 1), exit('b', 2), start('b', 3)], ['b']],
    ['one that is new', [start('c', 1), exit('b', 2), start('b', 3)], ['b']],
    ['one twice', [exit('a', 1), start('a', 2), exit('a', 3), start('a', 4)], ['a']],
  ])('%s', (_what, events, down) => {
    expect(mostDown(events)).toEqual(down);
  });
});

describe('a line of the runtime', () => {
  const at = Date.parse('2026-11-27T09:03:26.794Z');
  const lineOf = (topic: string, facts: object): string =>
    `2026-11-27 09:03:26.794444227 +0000 UTC k8s.io ${topic} ${JSON.stringify(facts)}`;

  test('that a container ends or starts', () => {
    expect(readTask(lineOf('/tasks/exit', { container_id: 'c', id: 'c', pid: 1 }))).toEqual({
      at,
      what: 'exit',
      id: 'c',
    });
    expect(readTask(lineOf('/tasks/start', { container_id: 'c', pid: 1 }))).toEqual({
      at,
      what: 'start',
      id: 'c',
    });
  });

  test('of a probe inside of it, or of something else', () => {
    expect(readTask(lineOf('/tasks/exit', { container_id: 'c', id: 'probe', pid: 2 }))).toBeUndefined();
    expect(readTask(lineOf('/tasks/exec-started', { container_id: 'c' }))).toBeUndefined();
    expect(readTask('')).toBeUndefined();
  });
});
