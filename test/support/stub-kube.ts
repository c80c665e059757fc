import { FedStateError } from '../../src/domain/errors';
import { objectPath, type Kube } from '../../src/kube/client';
import type { Kind } from '../../src/kube/object';

/** An API server in a map, as much of it as pure-minded activities ask: reads are answered, writes are noted. */
export interface StubKube {
  readonly kube: Kube;
  /** Adds or replaces; metadata is completed. */
  put(kind: Kind, name: string, object?: Readonly<Record<string, unknown>>): void;
  /** `verb Kind name` of every write, dry runs too. */
  readonly writes: string[];
  /** Called with each merge patch of this kind, which else changes nothing. */
  onPatch(kind: Kind, apply: (patch: object) => void): void;
  /** The next writes of this kind are refused with this message. */
  refuse(kind: Kind, message: string): void;
}

const NAMESPACE = 'shop';

export function createStubKube(): StubKube {
  const objects = new Map<string, { kind: Kind; object: Record<string, unknown> }>();
  const writes: string[] = [];
  const refusals = new Map<Kind, string>();
  const patchers = new Map<Kind, (patch: object) => void>();
  const pathOf = (kind: Kind, name: string): string => objectPath({ kind, namespace: NAMESPACE, name });

  function put(kind: Kind, name: string, object: Readonly<Record<string, unknown>> = {}): void {
    const { metadata, ...rest } = object;
    const own = typeof metadata === 'object' && metadata !== null ? metadata : {};
    objects.set(pathOf(kind, name), {
      kind,
      object: {
        apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
        kind: kind.kind,
        ...rest,
        metadata: {
          name,
          ...(kind.namespaced ? { namespace: NAMESPACE } : {}),
          uid: `uid-of-${name}`,
          resourceVersion: '1',
          ...own,
        },
      },
    });
  }
  function write(verb: string, kind: Kind, name: string): Promise<never> | undefined {
    writes.push(`${verb} ${kind.kind} ${name}`);
    const refusal = refusals.get(kind);
    return refusal === undefined ? undefined : Promise.reject(new FedStateError('InvalidSpec', refusal));
  }
  const unsupported = (): never => {
    throw new Error('not imitated');
  };

  return {
    put,
    writes,
    onPatch: (kind, apply) => patchers.set(kind, apply),
    refuse: (kind, message) => refusals.set(kind, message),
    kube: {
      get: (ref, schema) => {
        const found = objects.get(objectPath(ref));
        return Promise.resolve(found === undefined ? undefined : schema.parse(found.object));
      },
      list: (kind, _options, schema) =>
        Promise.resolve({
          items: [...objects.values()]
            .filter((one) => one.kind === kind)
            .map(({ object }) => schema.parse(object)),
          resourceVersion: '1',
        }),
      apply: async (kind, { metadata }, { dryRun }) => {
        await write(dryRun === true ? 'rehearse' : 'apply', kind, metadata.name);
        return { metadata: { ...EMPTY, name: metadata.name } };
      },
      create: async (kind, { metadata }) => {
        await write('create', kind, metadata.name);
        return { metadata: { ...EMPTY, name: metadata.name } };
      },
      applyStatus: unsupported,
      post: unsupported,
      jsonPatch: unsupported,
      mergePatch: async ({ kind, name }, patch) => {
        await write('patch', kind, name);
        patchers.get(kind)?.(patch);
        return { metadata: { ...EMPTY, name } };
      },
      delete: async ({ kind, name }) => {
        await write('delete', kind, name);
        return objects.delete(pathOf(kind, name));
      },
      serves: unsupported,
      get transport() {
        return unsupported();
      },
    },
  };
}

const EMPTY = {
  uid: 'made',
  resourceVersion: '1',
  labels: {},
  annotations: {},
  finalizers: [],
  ownerReferences: [],
};
