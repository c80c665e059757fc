import { startKarmada, type Karmada } from '../../../local/karmada/karmada';
import { registerCluster } from '../../../local/karmada/register';
import {
  APPLY_PATCH,
  MERGE_PATCH,
  connectByKubeconfig,
  isNotFound,
  type Connection,
} from '../../../local/karmada/kube/connection';
import { equalJson, listAt, stringAt, type Json, type JsonObject } from '../../../local/karmada/kube/json';
import { freePort } from '../../support/free-port';
import { BASIC_CONTROLLERS, startApiServer, type ApiServer } from '../../support/api-server';

export const MEMBERS = ['east', 'west', 'north'] as const;
export type MemberName = (typeof MEMBERS)[number];

const PLURALS: Readonly<Record<string, { plural: string; cluster?: true }>> = {
  Namespace: { plural: 'namespaces', cluster: true },
  Cluster: { plural: 'clusters', cluster: true },
  CustomResourceDefinition: { plural: 'customresourcedefinitions', cluster: true },
  PropagationPolicy: { plural: 'propagationpolicies' },
  OverridePolicy: { plural: 'overridepolicies' },
  ResourceBinding: { plural: 'resourcebindings' },
  Work: { plural: 'works' },
  MongoDB: { plural: 'mongodbs' },
  Late: { plural: 'lates' },
  Service: { plural: 'services' },
  ConfigMap: { plural: 'configmaps' },
  Secret: { plural: 'secrets' },
  Event: { plural: 'events' },
};

/** One API server as a test uses it; kinds are named `apiVersion Kind`. */
export interface Site {
  readonly connection: Connection;
  apply(object: JsonObject): Promise<JsonObject>;
  create(object: JsonObject): Promise<JsonObject>;
  replace(object: JsonObject): Promise<JsonObject>;
  merge(kind: string, namespace: string, name: string, patch: JsonObject): Promise<JsonObject>;
  /** Server-side merge patch of the status subresource. */
  report(kind: string, namespace: string, name: string, status: Json): Promise<JsonObject>;
  get(kind: string, namespace: string, name: string): Promise<JsonObject | undefined>;
  list(kind: string, namespace: string): Promise<readonly Json[]>;
  remove(kind: string, namespace: string, name: string): Promise<void>;
}

export const MONGODB = 'middleware.fedstate.io/v1alpha1 MongoDB';
export const POLICY = 'policy.karmada.io/v1alpha1 PropagationPolicy';
export const OVERRIDE = 'policy.karmada.io/v1alpha1 OverridePolicy';
export const BINDING = 'work.karmada.io/v1alpha2 ResourceBinding';
export const WORK = 'work.karmada.io/v1alpha1 Work';
export const CLUSTER = 'cluster.karmada.io/v1alpha1 Cluster';

export interface Lab {
  readonly karmada: Site;
  readonly east: Site;
  readonly west: Site;
  readonly north: Site;
  readonly servers: Readonly<Record<'karmada' | MemberName, ApiServer>>;
  register(name: MemberName): Promise<void>;
  /** Stops the stand-in; `start` goes on where it was. */
  halt(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Four API servers and the stand-in, the CRD of MongoDB on all of them, three members Ready: about 15 s. */
export async function startLab(): Promise<Lab> {
  const [karmada, east, west, north] = await Promise.all(
    ['karmada', ...MEMBERS].map((name) => startApiServer({ name, controllers: BASIC_CONTROLLERS })),
  );
  if (karmada === undefined || east === undefined || west === undefined || north === undefined) {
    throw new Error('four API servers were asked for');
  }
  const servers = { karmada, east, west, north };
  const webhookAddress = `127.0.0.1:${await freePort()}`;
  const sites = {
    karmada: openSite(karmada),
    east: openSite(east),
    west: openSite(west),
    north: openSite(north),
  };
  await Promise.all(Object.values(sites).map((site) => site.apply(looseCrd('MongoDB', 'mongodbs'))));
  let running: Karmada | undefined;
  const start = async (): Promise<void> => {
    running = await startKarmada({
      kubeconfig: karmada.kubeconfigPath,
      webhookAddress,
      certDir: karmada.dir,
      timing: {
        clusterStatusPeriodMs: 500,
        failureThresholdMs: 1_000,
        successThresholdMs: 500,
        discoveryPeriodMs: 2_000,
      },
      log: process.env['KARMADA_LOG'] === undefined ? silentLog() : loudLog(),
    });
  };
  await start();
  const register = (name: MemberName): Promise<void> =>
    registerCluster({
      karmada: karmada.kubeconfigPath,
      name,
      member: servers[name].kubeconfigPath,
      token: servers[name].token,
      labels: { vip: `vip-${name}` },
    });
  for (const name of MEMBERS) await register(name);
  for (const name of MEMBERS) {
    await eventually(`${name} is Ready`, async () => {
      const cluster = await sites.karmada.get(CLUSTER, '', name);
      const served = JSON.stringify(cluster?.['status'] ?? '');
      return conditionOf(cluster, 'Ready')?.['status'] === 'True' && served.includes('MongoDB');
    });
  }
  return {
    ...sites,
    servers,
    register,
    async halt() {
      await running?.stop();
      running = undefined;
    },
    start,
    async stop() {
      await running?.stop();
      for (const site of Object.values(sites)) site.connection.close();
      await Promise.all(Object.values(servers).map((server) => server.stop()));
    },
  };
}

/** A CRD that takes any fields, with a status subresource. */
export function looseCrd(kind: string, plural: string): JsonObject {
  const loose = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.middleware.fedstate.io` },
    spec: {
      group: 'middleware.fedstate.io',
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: loose, status: loose } } },
        },
      ],
    },
  };
}

function openSite(server: ApiServer): Site {
  const connection = connectByKubeconfig(server.kubeconfigPath);
  const path = (kind: string, namespace: string, name = ''): string => {
    const [apiVersion = '', word = ''] = kind.split(' ');
    const known = PLURALS[word];
    if (known === undefined) throw new Error(`the lab does not know ${word}`);
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const scope = known.cluster === true ? '' : `/namespaces/${namespace}`;
    return `${root}${scope}/${known.plural}${name === '' ? '' : `/${name}`}`;
  };
  const pathOf = (object: JsonObject, withName: boolean): string =>
    path(
      `${stringAt(object, 'apiVersion') ?? ''} ${stringAt(object, 'kind') ?? ''}`,
      stringAt(object, 'metadata', 'namespace') ?? '',
      withName ? (stringAt(object, 'metadata', 'name') ?? '') : '',
    );
  const merge = (at: string, body: JsonObject): Promise<JsonObject> =>
    connection.call('PATCH', at, { contentType: MERGE_PATCH, body });
  return {
    connection,
    apply: (object) =>
      connection.call('PATCH', `${pathOf(object, true)}?fieldManager=fedstate&force=true`, {
        contentType: APPLY_PATCH,
        body: object,
      }),
    create: (object) => connection.call('POST', pathOf(object, false), { body: object }),
    replace: (object) => connection.call('PUT', pathOf(object, true), { body: object }),
    merge: (kind, namespace, name, patch) => merge(path(kind, namespace, name), patch),
    report: (kind, namespace, name, status) => merge(`${path(kind, namespace, name)}/status`, { status }),
    async get(kind, namespace, name) {
      try {
        return await connection.call('GET', path(kind, namespace, name));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    list: async (kind, namespace) => listAt(await connection.call('GET', path(kind, namespace)), 'items'),
    async remove(kind, namespace, name) {
      await connection.call('DELETE', path(kind, namespace, name));
    },
  };
}

export function conditionOf(object: Json | undefined, type: string): JsonObject | undefined {
  for (const entry of listAt(object, 'status', 'conditions')) {
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry) && entry['type'] === type) {
      return entry;
    }
  }
  return undefined;
}

/** Polls until `check` gives true (or something); the last error or value is part of the failure. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T>,
  timeoutMs = 20_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await check();
      if (value !== false && value !== undefined && value !== null) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${what}; last: ${String(last)}`, { cause: last });
    }
    await pause(25);
  }
}

/** Polls until what `read` gives equals `wanted`, and says where it differs when it never does. */
export async function eventuallyEquals(
  read: () => Promise<Json>,
  wanted: Json,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let seen = await read();
  while (!equalJson(seen, wanted) && Date.now() < deadline) {
    await pause(25);
    seen = await read();
  }
  expect(seen).toEqual(wanted);
}

/** Holds for a while: for things that must not happen. */
export async function remains(what: string, check: () => Promise<boolean>, ms = 700): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (!(await check())) throw new Error(`did not remain: ${what}`);
    await pause(50);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const silentLog = () => ({ debug: () => undefined, info: () => undefined, warn: () => undefined });
function loudLog() {
  const write = (detail: Record<string, unknown>, message: string): void => {
    process.stderr.write(`${new Date().toISOString().slice(17)} ${message} ${JSON.stringify(detail)}\n`);
  };
  return { debug: write, info: write, warn: write };
}
