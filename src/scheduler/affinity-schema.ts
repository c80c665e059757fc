import { z } from 'zod';
import { LABELS } from '../domain/marks';
import { LABEL_KEY, LABEL_KEY_SIZE, LABEL_VALUE } from '../domain/syntax';

// Core/v1 Affinity as API servers take it ("validation": pkg/apis/core/validation): what passes here passes there, so
// that no member is refused its StatefulSet after everything else was made.

const keySchema = z
  .string()
  .regex(new RegExp(LABEL_KEY), 'must be a label key: [domain/]name of letters, digits, -, _ and .')
  .regex(new RegExp(LABEL_KEY_SIZE), 'is too long: 253 characters before the slash, 63 after it');
const valueSchema = z
  .string()
  .regex(new RegExp(LABEL_VALUE), 'must be a label value: letters, digits, -, _ and ., 63 at most');
const namespaceSchema = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be the name of a namespace');

const SELECTOR_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function requirementOf<O extends string>(operators: readonly [O, ...O[]]) {
  return z
    .strictObject({
      key: keySchema,
      operator: z.enum(operators),
      values: z.array(valueSchema).nullish(),
    })
    .superRefine(({ operator, values }, context) => {
      const message = findValuesFault(operator, values ?? []);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['values'], message });
    });
}

function findValuesFault(operator: string, values: readonly string[]): string | undefined {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? undefined : `operator ${operator} wants at least one value`;
    case 'Gt':
    case 'Lt':
      return values.length === 1 && /^-?\d{1,18}$/.test(values[0] ?? '')
        ? undefined
        : `operator ${operator} wants one whole number`;
    default:
      return values.length === 0 ? undefined : `operator ${operator} takes no values`;
  }
}

const fieldSchema = z.strictObject({
  key: z.literal('metadata.name', { error: 'only metadata.name is a field of a node' }),
  operator: z.enum(['In', 'NotIn']),
  values: z.array(z.string()).length(1, 'names one node'),
});
const nodeTermSchema = z.strictObject({
  matchExpressions: z.array(requirementOf([...SELECTOR_OPERATORS, 'Gt', 'Lt'])).nullish(),
  matchFields: z.array(fieldSchema).nullish(),
});
export type NodeTermWish = z.infer<typeof nodeTermSchema>;

const labelSelectorSchema = z.strictObject({
  matchLabels: z.record(keySchema, valueSchema).nullish(),
  matchExpressions: z.array(requirementOf(SELECTOR_OPERATORS)).nullish(),
});
const podTermSchema = z.strictObject({
  topologyKey: keySchema,
  namespaces: z.array(namespaceSchema).nullish(),
  namespaceSelector: labelSelectorSchema.nullish(),
  labelSelector: labelSelectorSchema.nullish(),
});
export type PodTermWish = z.infer<typeof podTermSchema>;

const weightSchema = z.int().min(1).max(100);
const podRulesSchema = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z.array(podTermSchema).nullish(),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(z.strictObject({ weight: weightSchema, podAffinityTerm: podTermSchema }))
    .nullish(),
});
export type PodRulesWish = z.infer<typeof podRulesSchema>;

export const affinitySchema = z.strictObject({
  nodeAffinity: z
    .strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .strictObject({ nodeSelectorTerms: z.array(nodeTermSchema).min(1) })
        .nullish(),
      preferredDuringSchedulingIgnoredDuringExecution: z
        .array(z.strictObject({ weight: weightSchema, preference: nodeTermSchema }))
        .nullish(),
    })
    .nullish(),
  podAffinity: podRulesSchema.nullish(),
  podAntiAffinity: podRulesSchema.nullish(),
});

const namesOnly = `only ${LABELS.instance}, operator In, tells sets apart`;

/** A term that speaks of whole sets. */
export const instanceTermSchema = z.strictObject({
  topologyKey: z.string(),
  namespaces: z.array(namespaceSchema).min(1).nullish(),
  labelSelector: z.strictObject({
    matchLabels: z.strictObject({ [LABELS.instance]: z.string() }).nullish(),
    matchExpressions: z
      .array(
        z.strictObject({
          key: z.literal(LABELS.instance, { error: namesOnly }),
          operator: z.literal('In', { error: namesOnly }),
          values: z.array(z.string()).min(1),
        }),
      )
      .max(1)
      .nullish(),
  }),
});
