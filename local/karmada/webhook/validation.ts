import { writeGoJson } from '../domain/go-json';
import {
  isObject,
  listAt,
  objectAt,
  stringAt,
  stringsAt,
  valueAt,
  type Json,
  type JsonObject,
} from '../kube/json';

const invalid = (path: string, value: Json, detail: string): string =>
  `${path}: Invalid value: ${typeof value === 'string' ? JSON.stringify(value) : writeGoJson(value)}: ${detail}`;

const NOT_IMITATED = 'not imitated by this stand-in: leave it out or use a real Karmada';

const numberAt = (root: Json, key: string): number => {
  const value = valueAt(root, key);
  return typeof value === 'number' ? value : 0;
};

/** Refusals of a PropagationPolicy's spec in the words of a real karmada-webhook; none: accepted. */
export function checkPropagation(spec: JsonObject, namespace: string): string[] {
  return [
    ...checkPlacement(objectAt(spec, 'placement')),
    ...checkSelectors(spec, namespace),
    ...checkPreemption(spec),
    ...checkSuspension(spec),
  ];
}

function checkPlacement(placement: JsonObject): string[] {
  const path = 'spec.placement';
  const refusals: string[] = [];
  if (placement['clusterAffinities'] !== undefined) {
    refusals.push(`${path}.clusterAffinities: ${NOT_IMITATED}`);
  }
  if (placement['clusterAffinity'] !== undefined && placement['clusterAffinities'] !== undefined) {
    refusals.push(invalid(path, placement, 'clusterAffinities cannot co-exist with clusterAffinity'));
  }
  refusals.push(...checkFieldSelector(objectAt(placement, 'clusterAffinity'), `${path}.clusterAffinity`));
  refusals.push(...checkSpread(listAt(placement, 'spreadConstraints'), `${path}.spreadConstraints`));
  return refusals;
}

function checkSpread(constraints: readonly Json[], path: string): string[] {
  const refusals: string[] = [];
  const seen = new Set<string>();
  constraints.forEach((constraint, index) => {
    const at = `${path}[${index}]`;
    const field = stringAt(constraint, 'spreadByField') ?? '';
    const [min, max] = [numberAt(constraint, 'minGroups'), numberAt(constraint, 'maxGroups')];
    if (field !== '' && (stringAt(constraint, 'spreadByLabel') ?? '') !== '') {
      refusals.push(invalid(at, constraint, 'spreadByLabel should not co-exist with spreadByField'));
    }
    if (min < 0) refusals.push(invalid(at, constraint, 'minGroups lower than 0 is not allowed'));
    if (max < 0) refusals.push(invalid(at, constraint, 'maxGroups lower than 0 is not allowed'));
    if (max > 0 && max < min) {
      refusals.push(invalid(at, constraint, 'maxGroups lower than minGroups is not allowed'));
    }
    if (field !== '' && seen.has(field)) {
      refusals.push(invalid(path, [...constraints], `multiple ${field} spread constraints are not allowed`));
    }
    if (field !== '') seen.add(field);
  });
  if (seen.size > 0 && !seen.has('cluster')) {
    refusals.push(
      invalid(
        path,
        [...constraints],
        'the cluster spread constraint must be enabled in one of the constraints in case of SpreadByField is enabled',
      ),
    );
  }
  return refusals;
}

function checkFieldSelector(affinity: JsonObject, path: string): string[] {
  const selector = objectAt(affinity, 'fieldSelector');
  return listAt(selector, 'matchExpressions').flatMap((rule) => {
    const key = stringAt(rule, 'key') ?? '';
    const operator = stringAt(rule, 'operator') ?? '';
    const at = `${path}.fieldSelector`;
    if (!['provider', 'region', 'zone'].includes(key)) {
      return [invalid(at, selector, `unsupported key "${key}", must be provider, region, or zone`)];
    }
    if (operator !== 'In' && operator !== 'NotIn') {
      return [invalid(at, selector, `unsupported operator "${operator}", must be In or NotIn`)];
    }
    return [];
  });
}

function checkSelectors(spec: JsonObject, namespace: string): string[] {
  return listAt(spec, 'resourceSelectors').flatMap((selector, index) => {
    const own = stringAt(selector, 'namespace') ?? '';
    return own === namespace
      ? []
      : [
          invalid(
            `spec.resourceSelectors[${index}].namespace`,
            own,
            'namespace of resource selector must be the same as the namespace of the policy',
          ),
        ];
  });
}

function checkPreemption(spec: JsonObject): string[] {
  if (spec['preemption'] !== 'Always') return [];
  return listAt(spec, 'resourceSelectors').flatMap((selector, index) =>
    (stringAt(selector, 'name') ?? '') !== ''
      ? []
      : [
          invalid(
            `spec.resourceSelectors[${index}].name`,
            '',
            'name cannot be empty if preemption is Always, the empty name may cause unexpected resources preemption',
          ),
        ],
  );
}

function checkSuspension(spec: JsonObject): string[] {
  const suspension = objectAt(spec, 'suspension');
  const both =
    suspension['dispatching'] === true &&
    listAt(suspension, 'dispatchingOnClusters', 'clusterNames').length > 0;
  return both
    ? [
        invalid(
          'spec.suspension.suspension',
          suspension,
          'suspension dispatching cannot co-exist with dispatchingOnClusters.clusterNames',
        ),
      ]
    : [];
}

/** Refusals of an OverridePolicy's spec; paths of patches are not checked (fact 23). */
export function checkOverrides(spec: JsonObject, namespace: string): string[] {
  const rules = valueAt(spec, 'overrideRules');
  const overriders = objectAt(spec, 'overriders');
  const filled = Object.values(overriders).some((list) => Array.isArray(list) && list.length > 0);
  const refusals: string[] = [];
  const target = objectAt(spec, 'targetCluster');
  refusals.push(...checkFieldSelector(target, 'spec.targetCluster'));
  if (valueAt(spec, 'targetCluster') !== undefined && rules !== undefined) {
    refusals.push(invalid('spec.targetCluster', target, "overrideRules and targetCluster can't co-exist"));
  }
  if (filled && rules !== undefined) {
    refusals.push(invalid('spec.overriders', overriders, "overrideRules and overriders can't co-exist"));
  }
  listAt(spec, 'overrideRules').forEach((rule, index) => {
    const path = `spec.overrideRules[${index}]`;
    refusals.push(...checkRule(rule, path));
    refusals.push(...checkFieldSelector(objectAt(rule, 'targetCluster'), `${path}.targetCluster`));
  });
  return [...refusals, ...checkSelectors(spec, namespace)];
}

function checkRule(rule: Json, path: string): string[] {
  const overriders = objectAt(rule, 'overriders');
  const refusals = ['imageOverrider', 'commandOverrider', 'argsOverrider']
    .filter((kind) => overriders[kind] !== undefined)
    .map((kind) => `${path}.overriders.${kind}: ${NOT_IMITATED}`);
  listAt(overriders, 'annotationsOverrider').forEach((item, index) => {
    for (const key of Object.keys(stringsAt(item, 'value'))) {
      refusals.push(
        ...checkKey(key.toLowerCase(), `${path}.overriders.annotationsOverrider[${index}].value`),
      );
    }
  });
  listAt(overriders, 'labelsOverrider').forEach((item, index) => {
    for (const [key, value] of Object.entries(stringsAt(item, 'value'))) {
      const at = `${path}.overriders.labelsOverrider[${index}].value`;
      refusals.push(...checkKey(key, at), ...checkLabelValue(value, at));
    }
  });
  listAt(overriders, 'fieldOverrider').forEach((item, index) => {
    const at = `${path}.overriders.fieldOverrider[${index}]`;
    const [json, yaml] = [listAt(item, 'json'), listAt(item, 'yaml')];
    if (json.length > 0 && yaml.length > 0 && isObject(item)) {
      refusals.push(invalid(at, item, 'FieldOverrider has both YAML and JSON set. Only one is allowed'));
    }
    if (json.length === 0 && yaml.length === 0) {
      refusals.push(`${at}: Required value: FieldOverrider must have either JSON or YAML set`);
    }
    const pointer = stringAt(item, 'fieldPath') ?? '';
    if (pointer !== '' && !pointer.startsWith('/')) {
      refusals.push(invalid(`${at}.fieldPath`, pointer, 'JSON pointer must be empty or start with a "/"'));
    }
  });
  return refusals;
}

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

function checkKey(key: string, path: string): string[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (parts.length > 2) {
    return [
      invalid(
        path,
        key,
        'a valid label key must consist of an optional DNS subdomain prefix and a name, separated by one slash',
      ),
    ];
  }
  const refusals: string[] = [];
  if (prefix !== undefined && !PREFIX.test(prefix)) {
    refusals.push(
      invalid(
        path,
        key,
        'prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters',
      ),
    );
  }
  if (name === '') refusals.push(invalid(path, key, 'name part must be non-empty'));
  if (name.length > 63) refusals.push(invalid(path, key, 'name part must be no more than 63 bytes'));
  if (!NAME.test(name)) {
    refusals.push(
      invalid(
        path,
        key,
        `name part ${LABEL_RULE} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      ),
    );
  }
  return refusals;
}

function checkLabelValue(value: string, path: string): string[] {
  const refusals: string[] = [];
  if (value.length > 63) refusals.push(invalid(path, value, 'must be no more than 63 bytes'));
  if (value !== '' && !NAME.test(value)) {
    refusals.push(
      invalid(
        path,
        value,
        `a valid label must be an empty string or ${LABEL_RULE.replace('must consist', 'consist')} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      ),
    );
  }
  return refusals;
}
