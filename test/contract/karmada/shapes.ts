import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  isObject,
  listAt,
  objectAt,
  toJson,
  valueAt,
  type Json,
  type JsonObject,
} from '../../../local/karmada/kube/json';
import { workNameOf } from '../../../local/karmada/domain/names';
import { BINDING, MONGODB, WORK, type Lab, type MemberName } from './lab';

export const NAMESPACE = 'shop';

/** A recorded answer of a real Karmada. */
export function golden(file: string, ...path: string[]): Json {
  const text = readFileSync(join(__dirname, '..', 'goldens', 'karmada', file), 'utf8');
  const value = valueAt(toJson(parse(text)), ...path);
  if (value === undefined) throw new Error(`golden ${file} has no ${path.join('.')}`);
  return value;
}

/** The recorded text that belongs to what was done. */
export function refusal(part: 'admission' | 'scheduling', words: string): string {
  for (const entry of listAt(golden('refusals.yaml'), part)) {
    const about = valueAt(entry, 'do') ?? valueAt(entry, 'when');
    const text = valueAt(entry, 'text');
    if (typeof about === 'string' && about.includes(words) && typeof text === 'string') return text;
  }
  throw new Error(`no recorded refusal about "${words}"`);
}

export const mongodb = (
  name: string,
  spec: JsonObject = { members: 5 },
  metadata: JsonObject = {},
): JsonObject => ({
  apiVersion: 'middleware.fedstate.io/v1alpha1',
  kind: 'MongoDB',
  metadata: { name, namespace: NAMESPACE, labels: { app: name }, ...metadata },
  spec,
});

export const service = (name: string, nodePort?: number): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: NAMESPACE, labels: { app: name } },
  spec: {
    type: 'NodePort',
    selector: { app: name },
    ports: [
      { name: 'mongo', port: 27017, targetPort: 27017, ...(nodePort === undefined ? {} : { nodePort }) },
    ],
  },
});

export const config = (name: string, data: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
});

const select = (kind: string, name: string): JsonObject => {
  const [apiVersion = '', word = ''] = kind.split(' ');
  return { apiVersion, kind: word, name };
};

/** A policy for the MongoDB of that name; `more` goes into the spec. */
export const policy = (name: string, clusters: readonly string[], more: JsonObject = {}): JsonObject => ({
  apiVersion: 'policy.karmada.io/v1alpha1',
  kind: 'PropagationPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    resourceSelectors: [select(MONGODB, name)],
    placement: { clusterAffinity: { clusterNames: [...clusters] } },
    ...more,
  },
});

export const selecting = (
  name: string,
  selectors: readonly Json[],
  clusters: readonly string[],
): JsonObject => policy(name, clusters, { resourceSelectors: [...selectors] });

/** One rule per cluster: patches and labels. */
export const override = (
  name: string,
  rules: Readonly<Record<string, { plaintext?: Json[]; labels?: JsonObject }>>,
): JsonObject => ({
  apiVersion: 'policy.karmada.io/v1alpha1',
  kind: 'OverridePolicy',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    resourceSelectors: [select(MONGODB, name)],
    overrideRules: Object.entries(rules).map(([cluster, { plaintext, labels }]) => ({
      targetCluster: { clusterNames: [cluster] },
      overriders: {
        ...(plaintext === undefined ? {} : { plaintext }),
        ...(labels === undefined ? {} : { labelsOverrider: [{ operator: 'add', value: labels }] }),
      },
    })),
  },
});

export const patch = (operator: string, path: string, value?: Json): JsonObject =>
  value === undefined ? { operator, path } : { operator, path, value };

export const bindingOf = (lab: Lab, name: string): Promise<JsonObject | undefined> =>
  lab.karmada.get(BINDING, NAMESPACE, `${name}-mongodb`);

export const workOf = (
  lab: Lab,
  cluster: MemberName,
  name: string,
  kind = 'MongoDB',
): Promise<JsonObject | undefined> =>
  lab.karmada.get(WORK, `karmada-es-${cluster}`, workNameOf(kind, name, NAMESPACE));

export const memberOf = (lab: Lab, cluster: MemberName, name: string): Promise<JsonObject | undefined> =>
  lab[cluster].get(MONGODB, NAMESPACE, name);

/** `spec.members` there; null when there is no object. */
export async function membersIn(lab: Lab, cluster: MemberName, name: string): Promise<Json> {
  return valueAt(await memberOf(lab, cluster, name), 'spec', 'members') ?? null;
}

/** Names in `spec.clusters`. */
export async function clustersOf(lab: Lab, name: string): Promise<Json[]> {
  return listAt(await bindingOf(lab, name), 'spec', 'clusters').map(
    (entry) => valueAt(entry, 'name') ?? null,
  );
}

export const aggregatedOf = (binding: Json | undefined, cluster: string): JsonObject | undefined =>
  listAt(binding, 'status', 'aggregatedStatus')
    .filter(isObject)
    .find((entry) => entry['clusterName'] === cluster);

export const manifestOf = (work: Json | undefined): Json =>
  listAt(work, 'spec', 'workload', 'manifests')[0] ?? null;

export const labelsIn = (object: Json | undefined): JsonObject => objectAt(object, 'metadata', 'labels');
