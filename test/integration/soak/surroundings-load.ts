import { setTimeout as sleep } from 'node:timers/promises';
import { ANNOTATIONS } from '../../../src/domain/marks';
import type { Kube } from '../../../src/kube/client';
import { KINDS } from '../../../src/kube/object';
import { pick, type Chance } from '../../support/chance';
import { manifestOf, NAMESPACE } from './instance-load';

/** What was done to a cluster or a binding. */
interface Touched {
  tried: number;
  /** When the last change that was acknowledged was sent. */
  lastSentAt: number;
}

/** Instances that nobody touches, with the cluster that each depends on. */
export interface Steady {
  readonly name: string;
  readonly uid: string;
  readonly cluster: string;
}

export interface SurroundingsLoad {
  readonly steady: readonly Steady[];
  readonly clusters: ReadonlyMap<string, Touched>;
  /** By the name of the instance. */
  readonly bindings: ReadonlyMap<string, Touched>;
  run(forMs: number, everyMs: number): Promise<void>;
}

const clusterNames = ['east', 'west', 'north', 'south'];
const steadyNames = Array.from({ length: 12 }, (_, index) => `steady-${index}`);
const clusterOf = (index: number): string => clusterNames[index % clusterNames.length] ?? '';

/** Changes clusters, and the bindings of instances that are left alone: only by these are they poked. */
export async function prepareSurroundings(kube: Kube, chance: Chance): Promise<SurroundingsLoad> {
  const fresh = (): Touched => ({ tried: 0, lastSentAt: 0 });
  const clusters = new Map(clusterNames.map((name) => [name, fresh()]));
  const bindings = new Map(steadyNames.map((name) => [name, fresh()]));
  for (const name of clusterNames) {
    await kube.create(KINDS.cluster, {
      apiVersion: 'cluster.karmada.io/v1alpha1',
      kind: 'Cluster',
      metadata: { name, labels: { vip: '10.0.0.0' } },
      spec: {},
    });
  }
  const steady = await Promise.all(
    steadyNames.map(async (name, index): Promise<Steady> => {
      const cluster = clusterOf(index);
      const placed = { ClusterWithReplicaset: [{ cluster, replicaset: 3 }] };
      const { metadata } = await kube.create(
        KINDS.multiCloudMongoDB,
        manifestOf(name, 3, { [ANNOTATIONS.schedulerResult]: JSON.stringify(placed) }),
      );
      await kube.create(KINDS.resourceBinding, {
        apiVersion: 'work.karmada.io/v1alpha2',
        kind: 'ResourceBinding',
        metadata: { name: `${name}-mongodb`, namespace: NAMESPACE },
        spec: { resource: { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name } },
        status: { aggregatedStatus: [] },
      });
      return { name, uid: metadata.uid, cluster };
    }),
  );

  async function touch(touched: Touched, write: (round: number) => Promise<unknown>): Promise<void> {
    touched.tried += 1;
    const sentAt = performance.now();
    try {
      await write(touched.tried);
      touched.lastSentAt = sentAt;
    } catch {
      // The API server is away: it may have been done, and is counted as tried.
    }
  }

  return {
    steady,
    clusters,
    bindings,
    async run(forMs, everyMs) {
      const until = performance.now() + forMs;
      while (performance.now() < until) {
        if (chance() < 0.4) {
          const [name, touched] = pick(chance, [...clusters]);
          await touch(touched, (round) =>
            kube.mergePatch(
              { kind: KINDS.cluster, name },
              { metadata: { labels: { vip: `10.0.0.${round}` } } },
            ),
          );
        } else {
          const [name, touched] = pick(chance, [...bindings]);
          const ref = { kind: KINDS.resourceBinding, namespace: NAMESPACE, name: `${name}-mongodb` };
          await touch(touched, (round) =>
            kube.mergePatch(ref, { status: { aggregatedStatus: [{ clusterName: 'east', round }] } }),
          );
        }
        await sleep(everyMs);
      }
    },
  };
}
