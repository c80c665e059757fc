import { z } from 'zod';
import { coreObjectSchema, eitherShape, intOrStringShape } from '../../../src/api/shared';
import { buildStructuralSchema } from '../../../src/api/structural-schema';

const build = (shape: z.ZodRawShape): unknown => buildStructuralSchema(z.object(shape), 'Kind.spec');

test('a string or number becomes int-or-string without a type, its limits hoisted', () => {
  const ordinal = z.union([z.int().min(0).max(49), z.literal('arbiter')]).meta(intOrStringShape);
  expect(build({ ordinal: ordinal.describe('Which.') })).toEqual({
    type: 'object',
    properties: {
      ordinal: {
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        minimum: 0,
        maximum: 49,
        pattern: '^(arbiter)$',
        'x-kubernetes-int-or-string': true,
        description: 'Which.',
      },
    },
    required: ['ordinal'],
  });
});

test('a string or object has no type at all', () => {
  const either = z.union([z.string(), z.object({ user: z.string() })]).meta(eitherShape);
  expect(build({ either: either.optional().describe('Either.') })).toEqual({
    type: 'object',
    properties: { either: { 'x-kubernetes-preserve-unknown-fields': true, description: 'Either.' } },
  });
});

test('a core structure keeps its type and everything inside', () => {
  expect(build({ affinity: coreObjectSchema.nullish().describe('Affinity.') })).toEqual({
    type: 'object',
    properties: {
      affinity: {
        type: 'object',
        nullable: true,
        'x-kubernetes-preserve-unknown-fields': true,
        description: 'Affinity.',
      },
    },
  });
});

test('whole numbers come without the bounds of JavaScript, but with those asked for', () => {
  expect(build({ free: z.int().describe('Free.'), bound: z.int().min(1).describe('Bound.') })).toMatchObject({
    properties: {
      free: { type: 'integer', description: 'Free.' },
      bound: { type: 'integer', minimum: 1, description: 'Bound.' },
    },
  });
  expect(JSON.stringify(build({ free: z.int().describe('Free.') }))).not.toContain('9007199254740991');
});

test('a date keeps its format and loses its long pattern', () => {
  expect(build({ at: z.iso.datetime().describe('When.') })).toMatchObject({
    properties: { at: { type: 'string', format: 'date-time', description: 'When.' } },
  });
  expect(JSON.stringify(build({ at: z.iso.datetime().describe('When.') }))).not.toContain('pattern');
});

test.each<[string, z.ZodRawShape, string]>([
  ['a field without description', { a: z.string() }, 'Kind.spec.a has no description'],
  [
    'a union without mark',
    { a: z.union([z.string(), z.int()]).describe('A.') },
    'Kind.spec.a has no single type',
  ],
  ['values of any type', { a: z.record(z.string(), z.unknown()).describe('A.') }, 'takes unknown values'],
  [
    'fields beside others',
    { a: z.looseObject({ b: z.string().describe('B.') }).describe('A.') },
    'mixes fields',
  ],
  ['a closed object', { a: z.strictObject({ b: z.string().describe('B.') }).describe('A.') }, 'mixes fields'],
  [
    'an intersection',
    { a: z.intersection(z.object({ b: z.string() }), z.object({ c: z.string() })).describe('A.') },
    'Kind.spec.a',
  ],
  [
    'limits of a union that would get lost',
    {
      a: z
        .union([z.string().min(3), z.int()])
        .meta(intOrStringShape)
        .describe('A.'),
    },
    'says minLength inside a union',
  ],
  [
    'an object default that leaves defaults out',
    {
      a: z
        .object({ b: z.string().default('x').describe('B.') })
        .prefault({})
        .describe('A.'),
    },
    'use {"b":"x"}',
  ],
  [
    'a list keyed by an optional field',
    {
      a: z
        .array(z.object({ name: z.string().optional().describe('Name.') }))
        .meta({ 'x-kubernetes-list-map-keys': ['name'] })
        .describe('A.'),
    },
    'make each key required',
  ],
])('%s is refused by its path', (_what, shape, words) => {
  expect(() => build(shape)).toThrow(words);
});
