import { holds } from '../../../src/activities/drift';
import { createRestraint } from '../../../src/activities/restraint';

describe('holds', () => {
  it.each([
    ['the same', { a: 1, b: { c: [1, { d: 'x' }] } }, { a: 1, b: { c: [1, { d: 'x' }] } }, true],
    ['what others added', { a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, true],
    ['what a server fills into an item', { p: [{ port: 1 }] }, { p: [{ port: 1, nodePort: 3 }] }, true],
    ['a field that is not wanted', { a: undefined }, {}, true],
    ['another value', { a: 1 }, { a: 2 }, false],
    ['a field gone', { a: { b: 1 } }, { a: {} }, false],
    ['an object gone', { a: { b: 1 } }, {}, false],
    ['an item more', { a: [1] }, { a: [1, 2] }, false],
    ['an item less', { a: [1, 2] }, { a: [1] }, false],
    ['a list gone', { a: [] }, {}, false],
    ['another type', { a: 1 }, { a: '1' }, false],
  ])('%s: %j in %j is %s', (_what, wanted, live, expected) => {
    expect(holds(wanted, live)).toBe(expected);
  });
});

test('restraint lets three pass in ten minutes, for each thing apart', () => {
  let now = 0;
  const restraint = createRestraint(() => now);
  const may = (key: string): boolean => restraint.mayAct(key);
  expect([may('a'), may('a'), may('a'), may('a'), may('b')]).toEqual([true, true, true, false, true]);
  now = 599_999;
  expect(may('a')).toBe(false);
  now = 600_000;
  expect(may('a')).toBe(true);
});
