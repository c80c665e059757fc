import { MEMBER_FIELD_MANAGER } from '../domain/marks';
import type { Kube } from '../kube/client';
import { KINDS, type Kind, type Manifest, type Metadata } from '../kube/object';
import { digestOf } from './digest';
import { isOurs, type Instance } from './instance';
import { namedSchema } from './objects';

/** `foreign`: an object that is not ours stands there, and was left alone. `leaving`: it, or the instance, is being deleted. */
export type WriteOutcome = 'kept' | 'written' | 'foreign' | 'leaving';

export interface ObjectWriter {
  /** Makes the object so, by server-side apply; writes nothing when it is so already. */
  ensure(instance: Instance, kind: Kind, manifest: Manifest): Promise<WriteOutcome>;
  /** Drops what is remembered of an instance that is gone. */
  forget(instance: Pick<Instance, 'namespace' | 'name'>): void;
}

interface Written {
  readonly digest: string;
  readonly version: string;
  readonly at: number;
  readonly instance: string;
}

/** Kinds that are not watched are looked at again after this long. */
const RECHECK_MS = 10 * 60_000;

/**
 * Remembers what it wrote and which version came of it, so that an idle instance costs no request, and a hand edit,
 * which moves the version, is undone.
 * @param cached metadata from a watch; undefined when it is not there, then the API server is asked to be sure
 */
export function createObjectWriter(
  kube: Kube,
  cached: (kind: Kind, namespace: string, name: string) => Metadata | 'unwatched' | undefined,
  now: () => number = Date.now,
): ObjectWriter {
  const memory = new Map<string, Written>();

  return {
    async ensure(instance, kind, manifest) {
      const { name } = manifest.metadata;
      const id = `${kind.plural}/${instance.namespace}/${name}`;
      const digest = digestOf(manifest, 32);
      const seen = cached(kind, instance.namespace, name);
      const written = memory.get(id);
      const known = written !== undefined && written.digest === digest;
      if (known && seen === 'unwatched' && now() - written.at < RECHECK_MS) return 'kept';
      const live =
        (seen === 'unwatched' ? undefined : seen) ??
        (await kube.get({ kind, namespace: instance.namespace, name }, namedSchema))?.metadata;
      if (live !== undefined && !isOurs(instance, live)) return 'foreign';
      if (live?.deletionTimestamp !== undefined) return 'leaving';
      // A pass that took long may be of an instance that is gone by now: what it made would be nobody's.
      if (live === undefined && !(await isStill(kube, instance))) return 'leaving';
      if (known && live !== undefined && written.version === versionOf(live)) {
        memory.set(id, { ...written, at: now() });
        return 'kept';
      }
      const { metadata } = await kube.apply(kind, manifest, {
        fieldManager: MEMBER_FIELD_MANAGER,
        force: true,
      });
      memory.set(id, {
        digest,
        version: versionOf(metadata),
        at: now(),
        instance: `${instance.namespace}/${instance.name}`,
      });
      return live?.resourceVersion === metadata.resourceVersion ? 'kept' : 'written';
    },
    forget({ namespace, name }) {
      for (const [id, written] of memory) {
        if (written.instance === `${namespace}/${name}`) memory.delete(id);
      }
    },
  };
}

/** Whether this very MongoDB is there and not being deleted. */
async function isStill(kube: Kube, { namespace, name, uid }: Instance): Promise<boolean> {
  const options = { namespace, fieldSelector: `metadata.name=${name}` };
  const { items } = await kube.list(KINDS.mongoDB, options, namedSchema);
  return items.some(({ metadata }) => metadata.uid === uid && metadata.deletionTimestamp === undefined);
}

// A status update moves the resourceVersion but not the generation, where there is one.
const versionOf = (metadata: Metadata): string =>
  metadata.generation === undefined
    ? `${metadata.uid}/${metadata.resourceVersion}`
    : `${metadata.uid}@${metadata.generation}`;
