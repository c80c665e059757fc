import { setTimeout as sleep } from 'node:timers/promises';
import { isFedStateError } from '../../../src/domain/errors';
import { LABELS, MANAGED_BY } from '../../../src/domain/marks';
import type { Kube } from '../../../src/kube/client';
import { apiVersionOf, KINDS, objectSchema, type Kind } from '../../../src/kube/object';
import { keyOf } from '../../../src/kube/watch';
import type { ClusterCache } from '../../../src/member/cluster-cache';
import { pick, type Chance } from '../../support/chance';
import { NAMESPACE } from './instance-load';

/** What was done to the objects of one instance, and how often its key was told. */
interface Owned {
  tried: number;
  /** When the last change of each kind of object was sent that was acknowledged and must be heard of. */
  readonly sentAt: Map<string, number>;
  told: number;
  lastToldAt: number;
}

const kinds = [KINDS.mongoDB, KINDS.configMap, KINDS.secret, KINDS.service, KINDS.statefulSet] as const;
const WRITERS = 6;

const serviceSpec = { ports: [{ name: 'mongo', port: 27017 }] };
const statefulSetSpec = {
  serviceName: 'none',
  replicas: 1,
  selector: { matchLabels: { app: 'none' } },
  template: {
    metadata: { labels: { app: 'none' } },
    spec: { containers: [{ name: 'mongo', image: 'mongo:4.2' }] },
  },
};

/** The parts of a manifest that make each kind valid. */
function bodyOf(kind: Kind): object {
  switch (kind.plural) {
    case KINDS.mongoDB.plural:
      return { spec: { members: 1 } };
    case KINDS.service.plural:
      return { spec: serviceSpec };
    case KINDS.statefulSet.plural:
      return { spec: statefulSetSpec };
    default:
      return { data: {} };
  }
}

const heldOf = (cache: ClusterCache, kind: (typeof kinds)[number], name: string) =>
  kind === KINDS.mongoDB
    ? cache.instance(`${NAMESPACE}/${name}`)?.metadata
    : cache.metadata(kind, NAMESPACE, name);

/** Creates, changes and deletes what a member manager watches, and keeps count of what its cache tells. */
export class MemberLoad {
  private readonly owned = new Map<string, Owned>();
  failed = 0;

  constructor(
    private readonly kube: Kube,
    private readonly chance: Chance,
    private readonly instances: readonly string[],
  ) {
    for (const name of instances)
      this.owned.set(`${NAMESPACE}/${name}`, { tried: 0, sentAt: new Map(), told: 0, lastToldAt: 0 });
  }

  /** What the cache tells goes here. */
  hear(instance: string): void {
    const owned = this.owned.get(instance);
    if (owned === undefined) return;
    owned.told += 1;
    owned.lastToldAt = performance.now();
  }

  get tried(): number {
    return [...this.owned.values()].reduce((sum, { tried }) => sum + tried, 0);
  }

  get told(): number {
    return [...this.owned.values()].reduce((sum, { told }) => sum + told, 0);
  }

  async run(forMs: number, everyMs: number, cache: ClusterCache): Promise<void> {
    const until = performance.now() + forMs;
    const busy = new Set<string>();
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (performance.now() < until) {
          const kind = pick(this.chance, kinds);
          const name = pick(this.chance, this.instances);
          const key = `${kind.plural} ${name}`;
          if (!busy.has(key)) {
            busy.add(key);
            await this.change(kind, name, cache);
            busy.delete(key);
          }
          await sleep(everyMs * WRITERS);
        }
      }),
    );
  }

  private async change(kind: Kind, name: string, cache: ClusterCache): Promise<void> {
    const owned = this.owned.get(`${NAMESPACE}/${name}`);
    if (owned === undefined) return;
    owned.tried += 1;
    const sentAt = performance.now();
    try {
      if (this.chance() >= 0.25) {
        await this.write(kind, name, String(owned.tried));
        owned.sentAt.set(kind.plural, sentAt);
        return;
      }
      const isKnown = heldOf(cache, kind, name) !== undefined;
      if (!(await this.kube.delete({ kind, namespace: NAMESPACE, name }))) return;
      // What came and went between two lists is nothing to tell.
      if (isKnown) owned.sentAt.set(kind.plural, sentAt);
      else owned.sentAt.delete(kind.plural);
    } catch {
      this.failed += 1;
    }
  }

  private async write(kind: Kind, name: string, round: string): Promise<void> {
    const ref = { kind, namespace: NAMESPACE, name };
    const labels = { [LABELS.managedBy]: MANAGED_BY, [LABELS.instance]: name };
    try {
      await this.kube.mergePatch(ref, { metadata: { annotations: { round } } });
    } catch (error) {
      if (!isFedStateError(error, 'NotFound')) throw error;
      const metadata = { name, namespace: NAMESPACE, labels, annotations: { round } };
      await this.kube.create(kind, {
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        metadata,
        ...bodyOf(kind),
      });
    }
  }

  /** What the cache holds otherwise than the API server, and keys that were told too seldom or too often. */
  async audit(cache: ClusterCache): Promise<{ readonly lost: string[]; readonly doubled: string[] }> {
    const lost: string[] = [];
    for (const kind of kinds) {
      const selector = kind === KINDS.mongoDB ? {} : { labelSelector: `${LABELS.managedBy}=${MANAGED_BY}` };
      const { items } = await this.kube.list(kind, { namespace: NAMESPACE, ...selector }, objectSchema);
      const there = new Map(items.map((item) => [keyOf(item), item.metadata.resourceVersion]));
      for (const name of this.instances) {
        const held = heldOf(cache, kind, name);
        const wanted = there.get(`${NAMESPACE}/${name}`);
        if (held?.resourceVersion !== wanted)
          lost.push(`${kind.plural} ${name}: ${held?.resourceVersion ?? 'none'} for ${wanted ?? 'none'}`);
      }
    }
    const doubled: string[] = [];
    for (const [instance, { tried, sentAt, told, lastToldAt }] of this.owned) {
      for (const [kind, at] of sentAt)
        if (lastToldAt < at) lost.push(`the last change of ${instance}, of its ${kind}`);
      if (told > tried) doubled.push(`${instance}: told ${told} times, changed at most ${tried}`);
    }
    return { lost, doubled };
  }
}
