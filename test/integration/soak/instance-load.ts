import { setTimeout as sleep } from 'node:timers/promises';
import { isFedStateError } from '../../../src/domain/errors';
import { ANNOTATIONS, FINALIZERS } from '../../../src/domain/marks';
import type { Kube } from '../../../src/kube/client';
import { KINDS, type KubeObject } from '../../../src/kube/object';
import { pick, type Chance } from '../../support/chance';

/** A change of a spec that the API server has acknowledged. */
export interface Acknowledged {
  readonly uid: string;
  readonly generation: number;
  readonly at: number;
}

/** What was done to the instances, by uid. */
export interface LoadBook {
  readonly specs: Acknowledged[];
  readonly deletions: Omit<Acknowledged, 'generation'>[];
  /** Changes of annotations that were tried: each may be a reason for a poke that raises no generation. */
  readonly annotated: Map<string, number>;
  /** Objects whose finalizers were taken off by hand. */
  readonly forced: Set<string>;
  tried: number;
  failed: number;
}

export interface LoadOptions {
  readonly kube: Kube;
  readonly chance: Chance;
  readonly names: readonly string[];
  /** Changes a second. */
  readonly rate: number;
}

export const NAMESPACE = 'default';
const WRITERS = 16;

const refOf = (name: string) => ({ kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name });

export const manifestOf = (name: string, replicaset: number, annotations: Record<string, string> = {}) => ({
  apiVersion: 'middleware.fedstate.io/v1alpha1',
  kind: 'MultiCloudMongoDB',
  metadata: { name, namespace: NAMESPACE, annotations },
  spec: { replicaset },
});

/** Creates, changes and deletes instances at random. */
export class InstanceLoad {
  readonly book: LoadBook = {
    specs: [],
    deletions: [],
    annotated: new Map(),
    forced: new Set(),
    tried: 0,
    failed: 0,
  };
  private readonly present = new Map<string, string>();
  private readonly busy = new Set<string>();
  private readonly sizes = new Map<string, number>();

  constructor(private readonly options: LoadOptions) {}

  /** Makes all that are not there. */
  async createAll(): Promise<void> {
    const waiting = [...this.options.names];
    await this.work(async () => {
      const name = waiting.pop();
      if (name === undefined) return false;
      await this.attempt(name, () => this.create(name));
      return true;
    });
  }

  /** Changes one after another for a while; none is deleted by hand in the last part of it. */
  async run(forMs: number, forcedForMs: number): Promise<void> {
    const startedAt = performance.now();
    let due = startedAt;
    await this.work(async () => {
      const now = performance.now();
      if (now > startedAt + forMs) return false;
      due = Math.max(due + 1000 / this.options.rate, now - 1000);
      if (due > now) await sleep(due - now);
      const name = pick(
        this.options.chance,
        this.options.names.filter((one) => !this.busy.has(one)),
      );
      await this.attempt(name, () => this.change(name, performance.now() < startedAt + forcedForMs));
      return true;
    });
  }

  private async work(step: () => Promise<boolean>): Promise<void> {
    await Promise.all(
      Array.from({ length: WRITERS }, async () => {
        while (await step());
      }),
    );
  }

  private async attempt(name: string, act: () => Promise<void>): Promise<void> {
    this.busy.add(name);
    this.book.tried += 1;
    try {
      await act();
    } catch {
      // Whether it was done is not known: the next one to come along looks.
      this.book.failed += 1;
      this.present.delete(name);
    } finally {
      this.busy.delete(name);
    }
  }

  private async change(name: string, mayForce: boolean): Promise<void> {
    const { chance } = this.options;
    const uid = this.present.get(name);
    if (uid === undefined) {
      await this.create(name);
      return;
    }
    const lot = chance();
    if (lot < 0.62) await this.changeSpec(name);
    else if (lot < 0.76) await this.annotate(name, uid);
    else if (lot < 0.94 || !mayForce) await this.remove(name, uid);
    else await this.force(name, uid);
  }

  private note({ metadata }: KubeObject): void {
    const { name, uid, generation = 0, deletionTimestamp } = metadata;
    if (deletionTimestamp !== undefined) {
      this.present.delete(name);
      return;
    }
    this.present.set(name, uid);
    this.book.specs.push({ uid, generation, at: performance.now() });
  }

  private async create(name: string): Promise<void> {
    const { kube } = this.options;
    try {
      this.note(await kube.create(KINDS.multiCloudMongoDB, manifestOf(name, this.nextSize(name))));
    } catch (error) {
      // There already, or still being deleted.
      if (!isFedStateError(error, 'Conflict')) throw error;
      await this.changeSpec(name);
    }
  }

  private async changeSpec(name: string): Promise<void> {
    try {
      const patch = { spec: { replicaset: this.nextSize(name) } };
      this.note(await this.options.kube.mergePatch(refOf(name), patch));
    } catch (error) {
      if (!isFedStateError(error, 'NotFound')) throw error;
      this.present.delete(name);
    }
  }

  private async annotate(name: string, uid: string): Promise<void> {
    const count = (this.book.annotated.get(uid) ?? 0) + 1;
    this.book.annotated.set(uid, count);
    const annotations = { [ANNOTATIONS.paused]: count % 2 === 0 ? 'false' : 'true' };
    await this.options.kube.mergePatch(refOf(name), { metadata: { annotations } });
  }

  private async remove(name: string, uid: string): Promise<void> {
    this.present.delete(name);
    if (await this.options.kube.delete(refOf(name), { uid }))
      this.book.deletions.push({ uid, at: performance.now() });
  }

  private async force(name: string, uid: string): Promise<void> {
    this.book.forced.add(uid);
    await this.remove(name, uid);
    await this.options.kube.jsonPatch(refOf(name), [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'test', path: '/metadata/finalizers/0', value: FINALIZERS.multiCloud },
      { op: 'remove', path: '/metadata/finalizers' },
    ]);
  }

  /** Never what it was before: each change raises the generation. */
  private nextSize(name: string): number {
    const size = 1 + ((this.sizes.get(name) ?? 0) % 7);
    this.sizes.set(name, size);
    return size;
  }
}
