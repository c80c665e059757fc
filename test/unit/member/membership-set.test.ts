import fc from 'fast-check';
import type { Ordinal } from '../../../src/domain/names';
import { dataOrdinals } from '../../../src/domain/placement';
import { sortMembers } from '../../../src/member/membership-set';

test('no count is a hold: nothing is wanted, nothing goes, whatever else is said', () => {
  expect(sortMembers({ retired: [0, 'arbiter'], arbiter: true }, [0, 1, 'arbiter'])).toEqual({
    held: true,
    wanted: [],
    retired: [],
    stray: [],
  });
});

test('retired ordinals are passed over and never come back', () => {
  expect(dataOrdinals(3, [])).toEqual([0, 1, 2]);
  expect(dataOrdinals(3, [1, 3])).toEqual([0, 2, 4]);
  expect(dataOrdinals(0, [])).toEqual([]);
});

test('a member beyond the count is kept and reported unless it is listed as retired', () => {
  expect(sortMembers({ members: 1 }, [0, 1, 2, 'arbiter'])).toEqual({
    held: false,
    wanted: [0],
    retired: [],
    stray: [1, 2, 'arbiter'],
  });
  expect(sortMembers({ members: 1, retired: [2, 'arbiter'] }, [0, 1, 2, 'arbiter'])).toEqual({
    held: false,
    wanted: [0],
    retired: [2, 'arbiter'],
    stray: [1],
  });
});

test('the arbiter is wanted when asked for and not retired', () => {
  expect(sortMembers({ members: 2, arbiter: true }, []).wanted).toEqual([0, 1, 'arbiter']);
  expect(sortMembers({ members: 2, arbiter: true, retired: ['arbiter'] }, []).wanted).toEqual([0, 1]);
  expect(sortMembers({ members: 0, arbiter: true }, []).wanted).toEqual(['arbiter']);
});

const ordinalArb: fc.Arbitrary<Ordinal> = fc.oneof(
  fc.integer({ min: 0, max: 9 }),
  fc.constant('arbiter' as const),
);
const setArb = fc.uniqueArray(ordinalArb, { maxLength: 8 });

test('property: only a retired member ever goes, and never one that is wanted', () => {
  fc.assert(
    fc.property(
      fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined }),
      fc.boolean(),
      setArb,
      setArb,
      (members, arbiter, retired, present) => {
        const set = sortMembers({ members, arbiter, retired }, present);
        expect(set.retired.every((ordinal) => retired.includes(ordinal))).toBe(true);
        expect(set.wanted.filter((ordinal) => retired.includes(ordinal))).toEqual([]);
        expect(set.wanted.filter((ordinal) => ordinal !== 'arbiter')).toHaveLength(members ?? 0);
        if (!set.held) {
          const all = new Set([...set.wanted, ...set.retired, ...set.stray]);
          expect(present.filter((ordinal) => !all.has(ordinal))).toEqual([]);
        }
      },
    ),
  );
});
