import fc from 'fast-check';
import { apportion, type Claim } from '../../../src/scheduler/apportionment';

const claimArbitrary = fc
  .record({ weight: fc.nat(6), min: fc.nat(3), more: fc.nat(5) })
  .map(({ weight, min, more }): Claim => ({ weight, min, max: min + more }));

/** Every vector within the limits that sums to `total`. */
function* listVectors(total: number, claims: readonly Claim[]): Generator<number[]> {
  const [first, ...rest] = claims;
  if (first === undefined) {
    if (total === 0) yield [];
    return;
  }
  for (let part = first.min; part <= Math.min(first.max, total); part += 1) {
    for (const others of listVectors(total - part, rest)) yield [part, ...others];
  }
}

const squares = (parts: readonly number[]): number => parts.reduce((sum, part) => sum + part ** 2, 0);

describe('apportion', () => {
  it.each([
    [5, [9, 9, 9], [2, 2, 1]],
    [5, [4, 1], [4, 1]],
    [7, [9, 9, 9], [3, 2, 2]],
    [7, [1, 9, 2], [1, 4, 2]],
  ])('shares %d evenly within %j', (total, maxima, parts) =>
    expect(
      apportion(
        total,
        maxima.map((max) => ({ weight: 1, min: 0, max })),
      ),
    ).toEqual(parts),
  );

  it('shares by weight with the largest remainder', () =>
    expect(
      apportion(
        10,
        [6, 3, 2].map((weight) => ({ weight, min: 0, max: 50 })),
      ),
    ).toEqual([5, 3, 2]));

  it('gives what a full claim leaves to the others by their weights', () =>
    expect(
      apportion(9, [
        { weight: 8, min: 0, max: 3 },
        { weight: 2, min: 0, max: 50 },
        { weight: 1, min: 0, max: 50 },
      ]),
    ).toEqual([3, 4, 2]));

  it('has no answer exactly when the limits have none, and keeps sum and limits', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(claimArbitrary, { maxLength: 5 }), (total, claims) => {
        const parts = apportion(total, claims);
        const possible = !(listVectors(total, claims).next().done ?? false);
        expect(parts !== undefined).toBe(possible);
        if (parts === undefined) return;
        const outside = parts.filter(
          (part, index) => part < (claims[index]?.min ?? Infinity) || part > (claims[index]?.max ?? -1),
        );
        expect({ outside, sum: parts.reduce((sum, part) => sum + part, 0) }).toEqual({
          outside: [],
          sum: total,
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('is the most even of all answers when the weights are equal', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.array(claimArbitrary, { minLength: 1, maxLength: 4 }), (total, claims) => {
        const equal = claims.map((claim) => ({ ...claim, weight: 1 }));
        const parts = apportion(total, equal);
        if (parts === undefined) return;
        expect(squares(parts)).toBe(Math.min(...[...listVectors(total, equal)].map(squares)));
      }),
      { numRuns: 2000 },
    );
  });
});
