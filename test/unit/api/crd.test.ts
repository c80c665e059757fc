import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { buildCrdFiles } from '../../../src/api/crd';

const FOLDER = join(__dirname, '../../../deploy/crds');

const crdSchema = z.looseObject({
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    names: z.looseObject({ shortNames: z.array(z.string()) }),
    versions: z.array(
      z.looseObject({
        name: z.string(),
        additionalPrinterColumns: z.array(z.looseObject({ jsonPath: z.string() })),
        schema: z.object({ openAPIV3Schema: z.unknown() }),
      }),
    ),
  }),
});

const documents = buildCrdFiles().map((file) => crdSchema.parse(parse(file.content)));

test('the committed definitions are what src/api says; npm run crds renews them', () => {
  for (const file of buildCrdFiles()) {
    expect(readFileSync(join(FOLDER, file.fileName), 'utf8')).toBe(file.content);
  }
});

test('every word is read alike by YAML 1.1, which Kubernetes speaks: Off is no false', () => {
  for (const file of buildCrdFiles())
    expect(parse(file.content, { version: '1.1' })).toEqual(parse(file.content, { version: '1.2' }));
});

test('each definition has its short name', () => {
  expect(documents.map((crd) => [crd.metadata.name, crd.spec.names.shortNames])).toEqual([
    ['multicloudmongodbs.middleware.fedstate.io', ['mcm']],
    ['mongodbs.middleware.fedstate.io', ['mdb']],
  ]);
});

test('every printer column points at a field of the schema', () => {
  for (const crd of documents) {
    for (const version of crd.spec.versions) {
      const paths = version.additionalPrinterColumns
        .map((column) => column.jsonPath)
        .filter((path) => !path.startsWith('.metadata.'));
      expect(paths.length).toBeGreaterThan(3);
      for (const path of paths) {
        expect([path, has(version.schema.openAPIV3Schema, path.slice(1).split('.'))]).toEqual([path, true]);
      }
    }
  }
});

test('every rule that joins fields names one of them, and every message says what to write', () => {
  for (const crd of documents) {
    const rules = rulesIn(crd.spec.versions[0]?.schema.openAPIV3Schema);
    expect(rules.length).toBeGreaterThan(4);
    for (const { rule, message } of rules) {
      // A rule on a single value has none: there the API server says which field it is.
      const joins = /\b(self|oldSelf|[abo])\.\w+(?![\w(])/.test(rule);
      const fields = [...rule.matchAll(/\.(\w+)/g)].map((match) => match[1] ?? '');
      const named = !joins || fields.some((field) => message.includes(field));
      expect([message, named, /: \S|, e\.g\. \S|either .* or /.test(message)]).toEqual([message, true, true]);
    }
  }
});

test('every whole number of a spec has bounds that JavaScript can hold: what is stored can be read', () => {
  for (const crd of documents) {
    const numbers = wholeNumbersIn(schemaAt(crd.spec.versions[0]?.schema.openAPIV3Schema, 'spec'), 'spec');
    expect(numbers.length).toBeGreaterThan(1);
    for (const [path, { minimum, maximum }] of numbers) {
      expect([path, Number.isSafeInteger(minimum), Number.isSafeInteger(maximum)]).toEqual([
        path,
        true,
        true,
      ]);
    }
  }
});

const boundsSchema = z.looseObject({ minimum: z.number().optional(), maximum: z.number().optional() });

function schemaAt(schema: unknown, field: string): unknown {
  return nodeSchema.parse(nodeSchema.parse(schema)['properties'])[field];
}

function wholeNumbersIn(node: unknown, path: string): [string, z.infer<typeof boundsSchema>][] {
  const object = nodeSchema.safeParse(node);
  if (!object.success) return [];
  const below = Object.entries(object.data).flatMap(([key, value]) =>
    key === 'anyOf' || key === 'default' ? [] : wholeNumbersIn(value, `${path}.${key}`),
  );
  return object.data['type'] === 'integer' ? [[path, boundsSchema.parse(node)], ...below] : below;
}

interface Rule {
  readonly rule: string;
  readonly message: string;
}
const nodeSchema = z.record(z.string(), z.unknown());
const ruleSchema = z.object({ rule: z.string(), message: z.string() });

function has(schema: unknown, path: readonly string[]): boolean {
  const [head, ...rest] = path;
  if (head === undefined) return true;
  const properties = nodeSchema.safeParse(nodeSchema.parse(schema)['properties']);
  return properties.success && properties.data[head] !== undefined && has(properties.data[head], rest);
}

function rulesIn(node: unknown): Rule[] {
  if (Array.isArray(node)) return node.flatMap(rulesIn);
  const object = nodeSchema.safeParse(node);
  if (!object.success) return [];
  return Object.entries(object.data).flatMap(([key, value]) =>
    key === 'x-kubernetes-validations' ? z.array(ruleSchema).parse(value) : rulesIn(value),
  );
}
