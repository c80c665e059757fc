import { z } from 'zod';
import { LABELS } from '../../src/domain/marks';
import { claimName, memberName, podName } from '../../src/domain/names';
import { PERMANENT_ID, workNamespace, workSchema } from '../../src/karmada/binding';
import { KINDS, objectSchema, type Kind, type KubeObject } from '../../src/kube/object';
import type { Kube } from '../../src/kube/client';
import type { ChaosStack } from './chaos-stack';

/** Which instance of this run. */
export interface Subject {
  readonly namespace: string;
  readonly name: string;
}

const KARMADA_KINDS: readonly Kind[] = [
  KINDS.mongoDB,
  KINDS.service,
  KINDS.configMap,
  KINDS.secret,
  KINDS.propagationPolicy,
  KINDS.overridePolicy,
];
const MEMBER_KINDS: readonly Kind[] = [
  KINDS.mongoDB,
  KINDS.service,
  KINDS.configMap,
  KINDS.secret,
  KINDS.statefulSet,
  KINDS.pod,
  KINDS.podDisruptionBudget,
  KINDS.persistentVolumeClaim,
];

const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
});

/** Every object of the instance in Karmada and the members, one line each, sorted. Works by what they carry. */
export async function listInventory(stack: ChaosStack, subject: Subject): Promise<string[]> {
  const lists = await Promise.all([
    ...KARMADA_KINDS.map((kind) => listOwn(stack.karmada, 'karmada', kind, subject)),
    listBindings(stack.karmada, subject),
    ...[...stack.members.keys()].map((cluster) => listWorks(stack.karmada, cluster, subject)),
    ...[...stack.members].flatMap(([cluster, kube]) =>
      MEMBER_KINDS.map((kind) => listOwn(kube, cluster, kind, subject)),
    ),
  ]);
  return lists.flat().sort();
}

async function listOwn(kube: Kube, where: string, kind: Kind, subject: Subject): Promise<string[]> {
  return (await listLabelled(kube, kind, subject)).map(
    // mongod's options are in a ConfigMap that has their digest in its name.
    ({ metadata }) => `${where} ${kind.kind} ${metadata.name.replace(/-mongod-[0-9a-f]{8}$/, '-mongod')}`,
  );
}

/** Objects of one kind with the instance's label. */
export async function listLabelled(
  kube: Kube,
  kind: Kind,
  { namespace, name }: Subject,
): Promise<KubeObject[]> {
  const options = { namespace, labelSelector: `${LABELS.instance}=${name}` };
  return (await kube.list(kind, options, objectSchema)).items;
}

const bindingSchema = objectSchema.extend({
  spec: z.looseObject({ resource: z.looseObject({ kind: z.string(), name: z.string() }) }),
});

/** Bindings have no label of ours: those of templates by the names that are the instance's. */
async function listBindings(karmada: Kube, { namespace, name }: Subject): Promise<string[]> {
  return (await karmada.list(KINDS.resourceBinding, { namespace }, bindingSchema)).items
    .filter(({ spec }) => isTemplate(name, spec.resource.name))
    .map(({ spec, metadata }) =>
      metadata.labels[PERMANENT_ID] === undefined
        ? `karmada ResourceBinding without an id: ${metadata.name}`
        : `karmada ResourceBinding of ${spec.resource.kind} ${spec.resource.name}`,
    );
}

const isTemplate = (name: string, template: string): boolean =>
  sharedTemplates(name).some(([, shared]) => shared === template) || template.startsWith(`${name}-mongodb-`);

async function listWorks(karmada: Kube, cluster: string, subject: Subject): Promise<string[]> {
  const works = (await karmada.list(KINDS.work, { namespace: workNamespace(cluster) }, workSchema)).items;
  return works.flatMap((work) =>
    work.spec.workload.manifests.flatMap((text) => {
      const manifest = manifestSchema.safeParse(text);
      return manifest.success && manifest.data.metadata.labels[LABELS.instance] === subject.name
        ? [`${cluster} Work of ${manifest.data.kind} ${manifest.data.metadata.name}`]
        : [];
    }),
  );
}

const sharedTemplates = (name: string): readonly (readonly [string, string])[] => [
  ['ConfigMap', `${name}-hostconf`],
  ['MongoDB', name],
  ['Secret', `${name}-auth`],
];

const ordinalsOf = (count: number): number[] => Array.from({ length: count }, (_, ordinal) => ordinal);

/** How many members each cluster has. */
export type Shares = ReadonlyMap<string, number>;

/** Every cluster once. */
export const oneEach = (clusters: Iterable<string>): Shares =>
  new Map([...clusters].map((cluster) => [cluster, 1]));

/** What there must be, each once, of an instance with these members. */
export function expectInventory(name: string, uid: string, shares: Shares): string[] {
  const most = Math.max(...shares.values());
  const services = ordinalsOf(most).map((ordinal) => ['Service', memberName(name, ordinal)] as const);
  const karmada = [
    ...[...sharedTemplates(name), ...services].flatMap(([kind, template]) => [
      `${kind} ${template}`,
      `ResourceBinding of ${kind} ${template}`,
    ]),
    `Secret ${name}-connection`,
    `OverridePolicy ${name}`,
    ...[
      name,
      `${name}-hostconf-pp`,
      `${name}-secrets-pp`,
      ...services.map(([, service]) => `${service}-pp`),
    ].map((one) => `PropagationPolicy ${one}`),
  ].map((line) => `karmada ${line}`);
  const inMember = [...shares].flatMap(([cluster, count]) => {
    if (count === 0) return [];
    const own = ordinalsOf(count);
    return [
      ...[...sharedTemplates(name), ...services.slice(0, count)].flatMap(([kind, template]) => [
        `${kind} ${template}`,
        `Work of ${kind} ${template}`,
      ]),
      `ConfigMap ${name}-mongod`,
      `PodDisruptionBudget ${name}-mongodb`,
      ...own.flatMap((ordinal) => [
        `StatefulSet ${memberName(name, ordinal)}`,
        `Pod ${podName(name, ordinal)}`,
        `PersistentVolumeClaim ${claimName(name, uid, ordinal)}`,
      ]),
    ].map((line) => `${cluster} ${line}`);
  });
  return [...karmada, ...inMember].sort();
}

/** Claims that stay when an instance that keeps its volumes is gone. */
export const expectClaims = (name: string, uid: string, clusters: readonly string[]): string[] =>
  clusters.map((cluster) => `${cluster} PersistentVolumeClaim ${claimName(name, uid, 0)}`).sort();

/** What differs, line by line; an object that is there twice is too many once. */
export function compareInventories(expected: readonly string[], found: readonly string[]): string[] {
  const missing = subtract(expected, found).map((line) => `missing: ${line}`);
  const extra = subtract(found, expected).map((line) => `too many: ${line}`);
  return [...missing, ...extra];
}

function subtract(from: readonly string[], what: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of what) left.set(line, (left.get(line) ?? 0) + 1);
  return from.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
