import { LABEL_KEY, LABEL_KEY_SIZE } from '../domain/syntax';

/** One CEL rule as a CRD carries it (Kubernetes: "Validation rules"); the message names the field and the remedy. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  /** Relative to where the rule stands, e.g. `.storageSize`. */
  readonly fieldPath?: string;
  /** CEL for a message that quotes the value. */
  readonly messageExpression?: string;
}

/** Metadata of a zod schema that comes out as `x-kubernetes-validations`. */
export const ruled = (
  ...rules: readonly ValidationRule[]
): { readonly 'x-kubernetes-validations': readonly ValidationRule[] } => ({
  'x-kubernetes-validations': rules,
});

/** Metadata of an array whose items are told apart by these fields, so that two writers may own different items. */
export const listMap = (...keys: readonly string[]) =>
  ({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys }) as const;

/** Text of a pattern of domain/syntax; the API server says which field it is. */
export const followsPattern = (pattern: string, message: string): ValidationRule => ({
  rule: `self.matches(r'${pattern}')`,
  message,
});

/** @param key CEL for the text that must be a label's key */
export const isLabelKey = (key: string): string =>
  `${key}.matches(r'${LABEL_KEY}') && ${key}.matches(r'${LABEL_KEY_SIZE}')`;

export const labelKeyRule: ValidationRule = {
  rule: isLabelKey('self'),
  message:
    'must be a label key: [domain/]name of letters, digits, -, _ and ., e.g. topology.kubernetes.io/zone',
};

// `quantity` (1.29 and later) fails on what is no quantity, so both questions stand in one rule.
export const isPositiveQuantity = (field: string): ValidationRule => ({
  rule:
    `isQuantity(self.${field}) && quantity(self.${field}).isGreaterThan(quantity('0')) && ` +
    `quantity(self.${field}).compareTo(quantity('1Ei')) <= 0`,
  message: `${field} must be a quantity above zero and at most 1Ei, e.g. 10Gi`,
  fieldPath: `.${field}`,
});

export const onlyGrows = (field: string): ValidationRule => ({
  rule:
    `!isQuantity(self.${field}) || !isQuantity(oldSelf.${field}) || ` +
    `quantity(self.${field}).compareTo(quantity(oldSelf.${field})) >= 0`,
  message: `${field} may only grow, as a volume cannot shrink: set it to the present size or more`,
  fieldPath: `.${field}`,
});

export const neverChanges = (field: string, remedy: string): ValidationRule => ({
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  message: `${field} cannot be changed after creation: ${remedy}`,
  fieldPath: `.${field}`,
});

export const neverChangesOnceSet = (field: string, remedy: string): ValidationRule => ({
  rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
  message: `${field} cannot be changed once it is set: ${remedy}`,
});

export const notBoth = (first: string, second: string, preferred: string): ValidationRule => ({
  rule: `!(has(self.${first}) && has(self.${second}))`,
  message: `${first} and ${second} exclude each other: keep ${preferred}`,
});
