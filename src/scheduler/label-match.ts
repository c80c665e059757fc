import { ownValue } from '../domain/record';

/** Core/v1 NodeSelectorRequirement. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values?: readonly string[] | undefined;
}

/** Whether one value, absent or not, meets a requirement (core/v1: "NodeSelectorOperator"). */
export function meetsRequirement(requirement: LabelRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compareIntegers(value, values[0], (a, b) => a > b);
    case 'Lt':
      return compareIntegers(value, values[0], (a, b) => a < b);
  }
}

export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => ownValue(labels, key) === value);
}

/** Labels as kubectl writes them: `a=1,b=2`. */
export const nameLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

function compareIntegers(
  value: string | undefined,
  limit: string | undefined,
  compare: (a: number, b: number) => boolean,
): boolean {
  const integer = /^-?\d+$/;
  if (value === undefined || limit === undefined || !integer.test(value) || !integer.test(limit))
    return false;
  return compare(Number(value), Number(limit));
}
