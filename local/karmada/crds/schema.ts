import type { Json, JsonObject } from '../kube/json';

/** Small words for structural schemas. */
export const text = (extra: JsonObject = {}): JsonObject => ({ type: 'string', ...extra });
export const oneOf = (...values: string[]): JsonObject => ({ type: 'string', enum: values });
export const whole = (extra: JsonObject = {}): JsonObject => ({ type: 'integer', ...extra });
export const flag = (extra: JsonObject = {}): JsonObject => ({ type: 'boolean', ...extra });
export const time = (): JsonObject => ({ type: 'string', format: 'date-time' });
export const texts = (): JsonObject => ({ type: 'array', items: { type: 'string' } });
export const textMap = (): JsonObject => ({ type: 'object', additionalProperties: { type: 'string' } });
/** A quantity: 2 or "500m". */
export const amount = (): JsonObject => ({
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
});
export const amounts = (): JsonObject => ({ type: 'object', additionalProperties: amount() });
/** Any JSON value. */
export const anything = (): JsonObject => ({ 'x-kubernetes-preserve-unknown-fields': true });
export const list = (items: JsonObject, extra: JsonObject = {}): JsonObject => ({
  type: 'array',
  items,
  ...extra,
});
export const fields = (properties: JsonObject, ...required: string[]): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
});

export const conditions = (): JsonObject =>
  list(
    fields(
      {
        type: text(),
        status: oneOf('True', 'False', 'Unknown'),
        reason: text(),
        message: text(),
        lastTransitionTime: time(),
        observedGeneration: whole({ format: 'int64', minimum: 0 }),
      },
      ...['lastTransitionTime', 'message', 'reason', 'status', 'type'],
    ),
  );

export const labelSelector = (): JsonObject => ({
  ...fields({
    matchLabels: textMap(),
    matchExpressions: list(fields({ key: text(), operator: text(), values: texts() }, 'key', 'operator')),
  }),
  'x-kubernetes-map-type': 'atomic',
});

export interface Definition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly status: boolean;
  readonly columns: readonly (readonly [name: string, path: string])[];
  readonly properties: JsonObject;
  readonly required: readonly string[];
}

export function defineKind(definition: Definition): JsonObject {
  const { group, version, kind, plural } = definition;
  const columns: Json[] = definition.columns.map(([name, jsonPath]) => ({ name, jsonPath, type: 'string' }));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: definition.scope,
      names: {
        kind,
        plural,
        singular: kind.toLowerCase(),
        listKind: `${kind}List`,
        shortNames: [definition.shortName],
        categories: ['karmada-io'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(definition.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: [
            ...columns,
            { name: 'Age', jsonPath: '.metadata.creationTimestamp', type: 'date' },
          ],
          schema: {
            openAPIV3Schema: fields(
              {
                apiVersion: text(),
                kind: text(),
                metadata: { type: 'object' },
                ...definition.properties,
              },
              ...definition.required,
            ),
          },
        },
      ],
    },
  };
}
