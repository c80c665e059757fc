import fc from 'fast-check';
import type { Json } from '../../../src/api/json';

export const WORDS = [
  ...[
    '',
    ' ',
    '\n',
    '\t',
    '\u0000x'.slice(1),
    '\u0001\u0007\u001b[31m',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '\u202eabc',
    '\u05d0\u05d1',
    'e\u0301',
    '\u00e9',
    '😀',
    '👩‍👩‍👧',
    '\ufeff',
    '\u2028',
    '٣',
    'ﷺ',
    '%00',
    '../..',
    "it's",
  ],
  ...[
    'Off',
    'yes',
    'null',
    '1e3',
    '500m',
    '1Gi',
    '1gi',
    '-1',
    'NaN',
    '0x10',
    '1e9999',
    '1Ei',
    'mongo:6.0',
    'a/b',
    'a:b',
  ],
  ...[
    '1/DoNotSchedule',
    'x/Sometimes',
    '0 2 * * 6',
    'spec',
    '[::1]:1',
    '$external',
    'a.b.c',
    '{"a":1}',
    '- a\n- b',
  ],
];
export const SIZES = [
  -1,
  0,
  1,
  2,
  7,
  8,
  49,
  50,
  51,
  0.5,
  1e3,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  1e21,
  1e308,
];

/** Text that means something somewhere, or is too long. */
export const text: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(63, 64, 253, 254, 1024, 1025, 70_000),
        fc.constantFrom('a', 'A', '9', '.', '😀', 'é'),
      )
      .map(([count, word]) => word.repeat(count)),
  },
);
const scalar: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.constantFrom<Json>(null, true, false),
  fc.constantFrom<Json>(...SIZES),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const deep: fc.Arbitrary<Json> = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.boolean(), scalar)
  .map(([depth, inList, leaf]) =>
    Array.from({ length: depth }).reduce<Json>((inner) => (inList ? [inner] : { a: inner }), leaf),
  );
/** Anything that JSON can say. */
export const odd: fc.Arbitrary<Json> = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 2, arbitrary: deep },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc.dictionary(fc.constantFrom(...WORDS, 'name', 'key', 'user', 'passwd'), scalar, {
      maxKeys: 4,
    }),
  },
);
