import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { resolveImage } from '../domain/image';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { authSecretName, configMapName, customConfigPolicyName, pullSecretName } from '../domain/names';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema, type Kind, type Manifest } from '../kube/object';
import type { ActivityContext } from './context';
import { readPullSecretOf } from './pull-secret';
import type { Layout } from './layout';
import { overrideRules } from './override-rules';
import {
  buildCompanyPolicies,
  buildMongoDB,
  buildMongoDBPolicy,
  buildOverride,
  buildRecord,
  buildServices,
  digestOf,
  type Built,
} from './manifests';

/** How to make an object what it was: by its manifest, or out of a member that holds a copy of it. */
export type Remedy =
  | {
      readonly kind: 'apply';
      readonly manifest: Manifest;
      /** Fields that overrides alone may bring, and somebody has put into the template. */
      readonly surplus?: readonly string[];
    }
  | { readonly kind: 'copyBack' }
  | { readonly kind: 'strip'; readonly surplus: readonly string[] }
  | { readonly kind: 'none'; readonly why: string };

/** An object of a created instance that does not stand on Karmada as it was made. */
export interface Deviation {
  readonly kind: Kind;
  readonly name: string;
  readonly what: 'gone' | 'changed';
  readonly remedy: Remedy;
}

const OWN_KINDS = [
  KINDS.overridePolicy,
  KINDS.propagationPolicy,
  KINDS.service,
  KINDS.configMap,
  KINDS.secret,
  KINDS.mongoDB,
] as const;

/** In the template one of these would reach every cluster: a count for all, or members to take away. */
const OVERRIDE_ONLY = ['members', 'retired', 'rollout'] as const;

const liveSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.record(z.string(), z.unknown()).optional(),
});
type Live = z.infer<typeof liveSchema>;

/** In the order in which they are put back: the override before the policies, and both before the templates. */
export async function findDeviations(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<Deviation[]> {
  const { name } = cr.metadata;
  const live = await readLive(context, cr);
  const has = {
    config: live.has(keyOf(KINDS.configMap, configMapName(name))) || asksForConfig(cr, live),
    pull: live.has(keyOf(KINDS.secret, pullSecretName(name))) || asksForPull(cr, live),
  };
  const built = [
    buildOverride(cr, overrideRules(layout)),
    buildMongoDBPolicy(cr, layout, false),
    ...buildCompanyPolicies(cr, layout, has),
    ...buildServices(cr, layout),
    buildRecord(cr, layout),
  ];
  const copies = [
    { kind: KINDS.secret, name: authSecretName(name) },
    ...(has.config ? [{ kind: KINDS.configMap, name: configMapName(name) }] : []),
    ...(has.pull ? [{ kind: KINDS.secret, name: pullSecretName(name) }] : []),
  ];
  return [
    ...built.flatMap((one) => judge(one, live)),
    ...copies
      .filter((copy) => !live.has(keyOf(copy.kind, copy.name)))
      .map((copy): Deviation => ({ ...copy, what: 'gone', remedy: { kind: 'copyBack' } })),
    ...judgeTemplate(context, cr, layout, live),
  ];
}

export async function readLive(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Map<string, Live>> {
  const own = { namespace: namespaceOf(cr), labelSelector: `${LABELS.instanceUid}=${cr.metadata.uid}` };
  const pages = await Promise.all(
    OWN_KINDS.map(async (kind) => {
      const { items } = await context.karmada.list(kind, own, liveSchema);
      return items.map((item): [string, Live] => [keyOf(kind, item.metadata.name), item]);
    }),
  );
  return new Map(pages.flat());
}

export const keyOf = (kind: Kind, name: string): string => `${kind.kind}/${name}`;

const templateIn = (cr: MultiCloudMongoDB, live: ReadonlyMap<string, Live>): Live | undefined =>
  live.get(keyOf(KINDS.mongoDB, cr.metadata.name));

function asksForConfig(cr: MultiCloudMongoDB, live: ReadonlyMap<string, Live>): boolean {
  const policy = keyOf(KINDS.propagationPolicy, customConfigPolicyName(cr.metadata.name));
  return live.has(policy) || templateIn(cr, live)?.spec?.['customConfigRef'] !== undefined;
}

const asksForPull = (cr: MultiCloudMongoDB, live: ReadonlyMap<string, Live>): boolean =>
  templateIn(cr, live)?.spec?.['imagePullSecret'] === pullSecretName(cr.metadata.name);

function judge({ kind, manifest }: Built, live: ReadonlyMap<string, Live>): Deviation[] {
  const { name } = manifest.metadata;
  const found = live.get(keyOf(kind, name));
  if (found !== undefined && holds(contentOf(manifest), found)) return [];
  return [
    { kind, name, what: found === undefined ? 'gone' : 'changed', remedy: { kind: 'apply', manifest } },
  ];
}

/** The template is put back only as it was dispatched: what else it would become now is a change, not a repair. */
function judgeTemplate(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  live: ReadonlyMap<string, Live>,
): Deviation[] {
  const one = { kind: KINDS.mongoDB, name: cr.metadata.name };
  const found = templateIn(cr, live);
  const manifest = rebuildTemplate(context, cr, layout)?.manifest;
  if (found === undefined) {
    const why = 'the spec, the site, or FedState itself is not what it was when it was made';
    const remedy: Remedy = manifest === undefined ? { kind: 'none', why } : { kind: 'apply', manifest };
    return [{ ...one, what: 'gone', remedy }];
  }
  const surplus = OVERRIDE_ONLY.filter((field) => found.spec?.[field] !== undefined);
  if (manifest !== undefined && !holds(contentOf(manifest), found))
    return [{ ...one, what: 'changed', remedy: { kind: 'apply', manifest, surplus } }];
  return surplus.length === 0 ? [] : [{ ...one, what: 'changed', remedy: { kind: 'strip', surplus } }];
}

function rebuildTemplate(context: ActivityContext, cr: MultiCloudMongoDB, layout: Layout): Built | undefined {
  const image = resolveImage(cr.spec.imageSetting.image, context.imageReplacements);
  if (image.outcome === 'refused') return undefined;
  const { configRef } = cr.spec.config;
  const pull = readPullSecretOf(cr);
  const built = buildMongoDB(cr, layout, {
    image: image.image,
    hasConfig: configRef !== undefined && configRef !== '',
    hasPullSecret: pull.kind === 'named' || pull.kind === 'login',
  });
  return cr.metadata.annotations[ANNOTATIONS.appliedTemplate] === digestOf(built) ? built : undefined;
}

/** Items of a list do not tell their kind. */
export const contentOf = (manifest: Manifest): unknown => ({
  ...manifest,
  apiVersion: undefined,
  kind: undefined,
});

/** Whether everything that is wanted stands there; what others and the API server have added does not count. */
export function holds(wanted: unknown, live: unknown): boolean {
  if (Array.isArray(wanted)) {
    const items: readonly unknown[] = Array.isArray(live) ? live : [];
    return (
      Array.isArray(live) &&
      live.length === wanted.length &&
      wanted.every((item: unknown, index) => holds(item, items[index]))
    );
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === live;
  if (typeof live !== 'object' || live === null) return false;
  const there = new Map(Object.entries(live));
  return Object.entries(wanted).every(([key, value]) => value === undefined || holds(value, there.get(key)));
}
