import { z } from 'zod';
import { DATA_KEY, IMAGE_REFERENCE, LABEL_VALUE, OBJECT_NAME, OBJECT_NAME_OR_EMPTY } from '../domain/syntax';
import {
  followsPattern,
  isLabelKey,
  labelKeyRule,
  listMap,
  ruled,
  type ValidationRule,
} from './validation-rule';

// Marks that Kubernetes understands ride along as zod metadata and come out in the CRD (see structural-schema.ts).
const intOrString = { 'x-kubernetes-int-or-string': true } as const;
const anyShape = { 'x-kubernetes-preserve-unknown-fields': true } as const;

/** Text of at most `max` characters. */
export const textUpTo = (max: number, ...rules: readonly ValidationRule[]): z.ZodString =>
  rules.length === 0
    ? z.string().max(max)
    : z
        .string()
        .max(max)
        .meta(ruled(...rules));

/** Name of an object of this namespace. */
export const objectNameSchema = textUpTo(
  253,
  followsPattern(OBJECT_NAME, 'must be the name of an object: use a-z, 0-9, - and ., e.g. orders-root'),
);
/** The same, where an empty text means none. */
export const optionalNameSchema = textUpTo(
  253,
  followsPattern(
    OBJECT_NAME_OR_EMPTY,
    'must be the name of an object, or empty: use a-z, 0-9, - and ., e.g. orders-config',
  ),
);
export const dataKeySchema = textUpTo(
  253,
  followsPattern(DATA_KEY, 'must be a key of a Secret: use letters, digits, -, _ and ., e.g. password'),
);

export const imageSchema = textUpTo(
  512,
  followsPattern(
    IMAGE_REFERENCE,
    'must be [registry[:port]/]repository[:tag][@digest], the repository in lower case, e.g. mongo:6.0',
  ),
);

/** A password in clear: what SCRAM makes of the rest is for the controllers to say. */
export const passwordSchema = textUpTo(
  1024,
  followsPattern(
    '^[^\\x00-\\x1f\\x7f]*$',
    'may not hold line breaks, tabs or other control characters: take them out',
  ),
);

export const labelsSchema = z
  .record(
    z.string(),
    textUpTo(
      63,
      followsPattern(LABEL_VALUE, 'must be a label value: letters, digits, -, _ and ., 63 at most'),
    ),
  )
  .meta({
    maxProperties: 64,
    ...ruled({
      rule: `self.all(k, ${isLabelKey('k')})`,
      message:
        'keys must be label keys: [domain/]name of letters, digits, -, _ and ., e.g. topology.kubernetes.io/zone',
    }),
  });

/** A Kubernetes quantity, as written: `500m`, `1Gi`, 2. */
const plainQuantitySchema = z.union([z.string(), z.number()]).meta(intOrString);
const quantitySchema = z.union([z.string(), z.number()]).meta({
  ...intOrString,
  maxLength: 40,
  // Two rules, as API servers price a rule by the longest text there may be, whatever maxLength says.
  ...ruled(
    {
      rule: "type(self) == int ? self >= 0 : isQuantity(self) && !self.startsWith('-')",
      message: 'must be a quantity from 0: a number with a unit or none, e.g. 500m, 2 or 1Gi',
    },
    {
      rule:
        'type(self) == int ? self <= 1152921504606846976 : !isQuantity(self) || ' +
        "quantity(self).compareTo(quantity('1Ei')) <= 0",
      message: 'must be a quantity of at most 1Ei: lower it',
    },
  ),
});

// Others (devices, huge pages) want equal requests and limits, and nothing of a mongod's.
const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;

const resourceListSchema = z.record(z.string(), quantitySchema).meta({
  maxProperties: RESOURCES.length,
  ...ruled({
    rule: `self.all(k, k in [${RESOURCES.map((name) => `'${name}'`).join(', ')}])`,
    message: `keys must be ${RESOURCES.join(', ')}: correct the name, or take it out`,
  }),
});

export const resourcesSchema = z
  .object({
    limits: resourceListSchema.optional().describe('Most that the container may use, by resource name.'),
    requests: resourceListSchema
      .optional()
      .describe('What a node must have free for the container, by resource name; clusters are chosen by it.'),
  })
  .meta(
    ruled({
      rule:
        '!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) || ' +
        '!isQuantity(string(self.requests[k])) || !isQuantity(string(self.limits[k])) || ' +
        'quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)',
      message: 'requests may not be above limits: lower the request or raise the limit',
    }),
  );
export type Resources = z.infer<typeof resourcesSchema>;

/** Resources as a status tells them: what was accepted once must be told, whatever the rules are by now. */
export const observedResourcesSchema = z.object({
  limits: z.record(z.string(), plainQuantitySchema).optional().describe('Most that the container may use.'),
  requests: z.record(z.string(), plainQuantitySchema).optional().describe('What a node has free for it.'),
});

// Kubernetes: validation of tolerations (core/v1).
export const tolerationSchema = z
  .object({
    key: textUpTo(317, { ...labelKeyRule, rule: `self == '' || (${labelKeyRule.rule})` })
      .optional()
      .describe('Key of the taint; empty with operator Exists: every taint.'),
    operator: z.enum(['Exists', 'Equal']).optional().describe('How value is compared; default Equal.'),
    value: textUpTo(
      63,
      followsPattern(LABEL_VALUE, 'must be a label value: letters, digits, -, _ and ., 63 at most'),
    )
      .optional()
      .describe('Value of the taint, with operator Equal.'),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .optional()
      .describe('Effect of the taint; absent: every effect.'),
    tolerationSeconds: z
      .int()
      .min(-2147483648)
      .max(2147483647)
      .optional()
      .describe('With NoExecute: seconds until eviction; absent: no eviction.'),
  })
  .meta(
    ruled(
      {
        rule: "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
        message: 'a toleration without key wants operator Exists: set operator to Exists, or name a key',
      },
      {
        rule: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
        message: 'operator Exists takes no value: take value out, or set operator to Equal',
      },
      {
        rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        message: 'tolerationSeconds wants effect NoExecute: set effect, or take tolerationSeconds out',
      },
    ),
  );
export type Toleration = z.infer<typeof tolerationSchema>;

/** A core/v1 structure that the API server of the member checks when the pod is made. */
export const coreObjectSchema = z.looseObject({}).meta(anyShape);

export const conditionSchema = z.object({
  type: z.string().describe('What is told about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  lastTransitionTime: z.string().describe('When status last changed, RFC 3339.'),
  reason: z.string().optional().describe('One word for programs.'),
  message: z.string().optional().describe('A sentence for people.'),
  observedGeneration: z.int().optional().describe('metadata.generation that this was judged for.'),
});

export const conditionsSchema = z.array(conditionSchema).meta(listMap('type'));

/** A value that may have any of several types: CEL cannot look inside, the controllers check it. */
export const eitherShape = anyShape;
export const intOrStringShape = intOrString;
