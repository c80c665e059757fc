import fc from 'fast-check';
import { bytes, cpuMillis, formatQuantity, parseQuantity } from '../../../src/domain/quantity';

describe('parseQuantity', () => {
  it.each([
    ['500m', 0.5],
    ['1', 1],
    ['+1.5', 1.5],
    ['-2', -2],
    ['.5', 0.5],
    ['1.', 1],
    ['100n', 1e-7],
    ['3u', 3e-6],
    ['2k', 2000],
    ['2M', 2e6],
    ['2G', 2e9],
    ['2T', 2e12],
    ['2P', 2e15],
    ['2E', 2e18],
    ['1Ki', 1024],
    ['1.5Mi', 1.5 * 2 ** 20],
    ['1Gi', 2 ** 30],
    ['1Ti', 2 ** 40],
    ['1Pi', 2 ** 50],
    ['1Ei', 2 ** 60],
    ['1e3', 1000],
    ['1E3', 1000],
    ['12e-1', 1.2],
    ['1e+2', 100],
    [2, 2],
    [0.25, 0.25],
    [1e21, 1e21],
  ])('reads %s as %d', (text, value) => expect(parseQuantity(text)).toBe(value));

  it.each(['', 'abc', '500mi', '1gi', '1 Gi', '1e', '1K', 'm', '1.2.3', '--1', 'NaN', Infinity])(
    'refuses %p with the value and the remedy',
    (text) =>
      expect(() => parseQuantity(text)).toThrow(
        expect.objectContaining({
          kind: 'InvalidSpec',
          message: expect.stringMatching(
            `^"${String(text).replace(/[.+-]/g, '\\$&')}" is not a quantity: .*512Mi`,
          ) as string,
        }) as Error,
      ),
  );
});

describe('cpuMillis and bytes', () => {
  it.each([
    ['1.1', 1100],
    ['0.29', 290],
    ['1.005', 1005],
    ['100n', 1],
    ['1m', 1],
    [2, 2000],
  ])('reads cpu %s as %d millicores, rounding up but never by a float error', (text, millis) =>
    expect(cpuMillis(text)).toBe(millis),
  );

  it('rounds a part of a byte up', () => expect(bytes('1500m')).toBe(2));
  it('reads 128974848', () => expect(bytes('128974848')).toBe(128974848));
});

describe('formatQuantity', () => {
  it.each([
    [0, undefined, '0'],
    [0.5, undefined, '500m'],
    [1, undefined, '1'],
    [1.5, undefined, '1500m'],
    [2000, undefined, '2k'],
    [1e-7, undefined, '100n'],
    [1e-10, undefined, '1n'],
    [512 * 2 ** 20, 'BinarySI' as const, '512Mi'],
    [1.5 * 2 ** 30, 'BinarySI' as const, '1536Mi'],
    [1000, 'BinarySI' as const, '1000'],
    [-0.5, undefined, '-500m'],
  ])('writes %d (%s) as %s', (value, style, text) => expect(formatQuantity(value, style)).toBe(text));

  it('is undone by parseQuantity', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom('DecimalSI', 'BinarySI'), (value, style) => {
        expect(parseQuantity(formatQuantity(value, style))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (millis) => {
        expect(cpuMillis(formatQuantity(millis / 1000))).toBe(millis);
      }),
    );
  });
});
