import type { MongoDBSpec } from '../api/mongodb';
import type { Resources } from '../api/shared';

/**
 * `<name>-<hash>` of the spec, as the Go version computes it (spec/fedstate §3.2): FNV-1 32 bit over the JSON of the
 * spec's fields in their Go order, empty ones left out, its decimal digits made safe for names. Fields that the Go
 * version does not know are not part of it.
 */
export function currentRevision(name: string, spec: MongoDBSpec): string {
  return `${name}-${safeEncode(fnv1of(goJson(spec)))}`;
}

function goJson(spec: MongoDBSpec): string {
  const { persistence, metricsExporterSpec: exporter } = spec;
  const fields = {
    podSpec: spec.podSpec,
    metricsExporterSpec: { resources: orderResources(exporter.resources), enable: exporter.enable },
    resources: orderResources(spec.resources),
    dbUserSpec: pickSet({
      enable: spec.dbUserSpec?.enable,
      name: spec.dbUserSpec?.name,
      user: spec.dbUserSpec?.user,
      password: spec.dbUserSpec?.password,
    }),
    persistence: pickSet({ storage: persistence.storage, storageClassName: persistence.storageClassName }),
    imagePullSecret: spec.imagePullSecret ?? {},
    ...pickSet({
      imagePullPolicy: spec.imagePullPolicy,
      type: spec.type,
      rootPassword: spec.rootPassword,
      image: spec.image,
      customConfigRef: spec.customConfigRef,
      memberConfigRef: spec.memberConfigRef,
      config: spec.config,
      members: spec.members,
      arbiter: spec.arbiter,
      pause: spec.pause,
      rsInit: spec.rsInit,
    }),
  };
  // Go escapes these three in JSON strings.
  return JSON.stringify(fields).replace(
    /[<>&]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

function orderResources(resources: Resources | undefined): object | undefined {
  if (resources === undefined) return undefined;
  const sorted = (list: Resources['limits']): object | undefined =>
    list === undefined
      ? undefined
      : Object.fromEntries(
          Object.entries(list)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, quantity]) => [name, String(quantity)]),
        );
  return { limits: sorted(resources.limits), requests: sorted(resources.requests) };
}

function pickSet(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== undefined && value !== '' && value !== false && value !== 0,
    ),
  );
}

/** FNV-1 (multiply first), 32 bit. */
function fnv1of(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}

const SAFE_DIGITS = '456789bcdf';

function safeEncode(value: number): string {
  return String(value).replace(/\d/g, (digit) => SAFE_DIGITS[Number(digit)] ?? '');
}
