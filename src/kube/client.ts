import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { FedStateError, isFedStateError } from '../domain/errors';
import {
  apiVersionOf,
  metadataSchema,
  objectSchema,
  type Kind,
  type KubeObject,
  type Manifest,
  type ObjectRef,
} from './object';
import { isExpired } from './error';
import { createTransport, type Transport, type TransportOptions } from './transport';

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyOptions {
  readonly fieldManager: string;
  /** Take fields over from other managers: only for objects known to be ours. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

export interface Page<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/** What the project asks of one Kubernetes API server. Every answer is parsed; every refusal is a FedStateError. */
export interface Kube {
  /** Undefined when there is no such object. */
  get<T>(ref: ObjectRef, schema: z.ZodType<T>): Promise<T | undefined>;
  list<T>(kind: Kind, options: ListOptions, schema: z.ZodType<T>): Promise<Page<T>>;
  /** Server-side apply: creates or merges. */
  apply(kind: Kind, manifest: Manifest, options: ApplyOptions): Promise<KubeObject>;
  applyStatus(kind: Kind, manifest: Manifest, options: ApplyOptions): Promise<KubeObject>;
  /** Plain create. @throws Conflict when it exists. */
  create(kind: Kind, manifest: Manifest): Promise<KubeObject>;
  /** Plain create of one that has a server-made name (Events) or an answer of its own (subresources). */
  post(
    kind: Kind,
    path: { namespace?: string; name?: string; subresource?: string },
    body: object,
  ): Promise<unknown>;
  jsonPatch(ref: ObjectRef, operations: readonly JsonPatchOperation[]): Promise<KubeObject>;
  mergePatch(ref: ObjectRef, patch: object, subresource?: 'status'): Promise<KubeObject>;
  /** False when there was nothing to delete. @throws Conflict when uid or resourceVersion differ. */
  delete(ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;
  /** Whether the server serves this kind. */
  serves(kind: Kind): Promise<boolean>;
  readonly transport: Transport;
}

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

const PAGE_SIZE = 500;

/** What a dry run answers: a new object has no version, as it was never stored. */
const rehearsedSchema: z.ZodType<KubeObject> = objectSchema.extend({
  metadata: metadataSchema.extend({ resourceVersion: z.string().default('') }),
});

export function createKube(kubeConfig: KubeConfig, options?: TransportOptions): Kube {
  return kubeOver(createTransport(kubeConfig, options));
}

export function kubeOver(transport: Transport): Kube {
  async function send(
    method: 'POST' | 'PATCH',
    path: string,
    body: object,
    contentType: string,
    schema: z.ZodType<KubeObject> = objectSchema,
  ): Promise<KubeObject> {
    return parse(
      schema,
      await transport.request({ method, path, body: JSON.stringify(body), contentType }),
      path,
    );
  }

  function applyAt(subresource: string) {
    return (kind: Kind, manifest: Manifest, options: ApplyOptions): Promise<KubeObject> => {
      const query = new URLSearchParams({ fieldManager: options.fieldManager });
      if (options.force === true) query.set('force', 'true');
      if (options.dryRun === true) query.set('dryRun', 'All');
      const { namespace, name } = manifest.metadata;
      const path = `${objectPath({ kind, namespace, name })}${subresource}?${query.toString()}`;
      const schema = options.dryRun === true ? rehearsedSchema : objectSchema;
      return send('PATCH', path, manifest, 'application/apply-patch+yaml', schema);
    };
  }

  return {
    transport,
    async get(ref, schema) {
      try {
        const path = objectPath(ref);
        return parse(schema, await transport.request({ method: 'GET', path }), path);
      } catch (error) {
        if (isFedStateError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
    async list(kind, options, schema) {
      const pageSchema = z.looseObject({
        metadata: z.looseObject({ resourceVersion: z.string().default(''), continue: z.string().optional() }),
        items: z.array(schema).nullable(),
      });
      const items: z.output<typeof schema>[] = [];
      let next: string | undefined;
      let isPaged = true;
      for (;;) {
        const query = listQuery(options);
        if (isPaged) query.set('limit', String(PAGE_SIZE));
        if (next !== undefined) query.set('continue', next);
        const path = `${collectionPath(kind, options.namespace)}?${query.toString()}`;
        try {
          const body = await transport.request({ method: 'GET', path, signal: options.signal });
          const page = parse(pageSchema, body, path);
          items.push(...(page.items ?? []));
          next = page.metadata.continue;
          if (next === undefined || next === '')
            return { items, resourceVersion: page.metadata.resourceVersion };
        } catch (error) {
          // The continue token outlived the server's history: all in one go, else it could happen again.
          if (!isExpired(error) || next === undefined) throw error;
          items.length = 0;
          next = undefined;
          isPaged = false;
        }
      }
    },
    apply: applyAt(''),
    applyStatus: applyAt('/status'),
    create(kind, manifest) {
      const path = `${collectionPath(kind, manifest.metadata.namespace)}?fieldManager=fedstate`;
      return send('POST', path, manifest, 'application/json');
    },
    async post(kind, where, body) {
      const path =
        where.name === undefined
          ? collectionPath(kind, where.namespace)
          : `${objectPath({ kind, namespace: where.namespace, name: where.name })}/${where.subresource ?? ''}`;
      return readJson(await transport.request({ method: 'POST', path, body: JSON.stringify(body) }), path);
    },
    jsonPatch: (ref, operations) =>
      send('PATCH', `${objectPath(ref)}?fieldManager=fedstate`, operations, 'application/json-patch+json'),
    mergePatch: (ref, patch, subresource) =>
      send(
        'PATCH',
        `${objectPath(ref)}${subresource === undefined ? '' : `/${subresource}`}?fieldManager=fedstate`,
        patch,
        'application/merge-patch+json',
      ),
    async delete(ref, options = {}) {
      const body = JSON.stringify({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: options.propagation ?? 'Background',
        ...(options.gracePeriodSeconds === undefined
          ? {}
          : { gracePeriodSeconds: options.gracePeriodSeconds }),
        preconditions: {
          ...(options.uid === undefined ? {} : { uid: options.uid }),
          ...(options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion }),
        },
      });
      try {
        await transport.request({ method: 'DELETE', path: objectPath(ref), body });
        return true;
      } catch (error) {
        if (isFedStateError(error, 'NotFound')) return false;
        throw error;
      }
    },
    async serves(kind) {
      const path = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
      try {
        const answer = parse(resourceListSchema, await transport.request({ method: 'GET', path }), path);
        return answer.resources.some((resource) => resource.name === kind.plural);
      } catch (error) {
        if (isFedStateError(error, 'NotFound')) return false;
        throw error;
      }
    },
  };
}

const resourceListSchema = z.looseObject({ resources: z.array(z.looseObject({ name: z.string() })) });

export function listQuery(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
  return query;
}

export function collectionPath(kind: Kind, namespace?: string): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${apiVersionOf(kind)}`;
  return namespace === undefined || !kind.namespaced
    ? `${root}/${kind.plural}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`;
}

export function objectPath(ref: ObjectRef): string {
  return `${collectionPath(ref.kind, ref.namespace)}/${encodeURIComponent(ref.name)}`;
}

function parse<T>(schema: z.ZodType<T>, body: string, path: string): T {
  const parsed = schema.safeParse(readJson(body, path));
  if (parsed.success) return parsed.data;
  throw new FedStateError(
    'InvalidSpec',
    `Unexpected answer at ${path.replace(/\?.*$/, '')}: ${z.prettifyError(parsed.error)}`,
    {
      path: path.replace(/\?.*$/, ''),
    },
  );
}

function readJson(body: string, path: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    // A proxy or a load balancer spoke in the API server's place: that passes.
    throw new FedStateError(
      'Unreachable',
      `No JSON at ${path.replace(/\?.*$/, '')}: ${body.slice(0, 100)}`,
      {},
      { cause: error },
    );
  }
}
