import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { FINALIZERS } from '../../../src/domain/marks';
import type { Kube } from '../../../src/kube/client';
import { KINDS, objectSchema } from '../../../src/kube/object';
import { watchCluster } from '../../../src/member/cluster-cache';
import { startTriggers } from '../../../src/triggers/controller';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { makeChance } from '../../support/chance';
import { eventually, eventuallyHolds } from '../../support/eventually';
import { wireTo } from '../kube/wire';
import { manifestSchema } from '../member/member-cluster';
import { installCrds } from '../triggers/crds';
import { auditController, measureLatencies, type ControllerFindings, type Living } from './controller-audit';
import { emptyTally, heapInUse, listenTo, type Tally } from './figures';
import { InstanceLoad, NAMESPACE, type LoadBook } from './instance-load';
import { openLedger } from './ledger';
import { MemberLoad } from './member-load';
import { RoleLoad } from './role-load';
import { prepareSurroundings } from './surroundings-load';
import { makeWeather, type Weather } from './weather';

export interface SoakOptions {
  readonly seed: number;
  /** Of bad weather; changes go on for a little longer. */
  readonly forMs: number;
  readonly instances: number;
  /** Without one every watch reads etcd itself: what was compacted is answered 410. */
  readonly hasWatchCache: boolean;
  /** In the middle the API server is killed, which takes much of a short time. */
  readonly killsServer: boolean;
}

export interface SoakResult {
  readonly weather: Weather['met'];
  readonly controller: ControllerFindings & { readonly news: Tally };
  readonly member: {
    readonly lost: string[];
    readonly doubled: string[];
    readonly news: Tally;
    readonly tried: number;
    readonly told: number;
  };
  readonly roles: { readonly latencies: number[]; readonly sights: number; readonly repeated: number };
  readonly book: LoadBook;
  readonly pokes: number;
  readonly latencies: ReturnType<typeof measureLatencies>;
  /** From the last change to everything being told, ms. */
  readonly settledMs: number;
  /** MB with all instances created, before the weather and after. */
  readonly heap: readonly [number, number];
  /** Connections at the wires, before the weather and after. */
  readonly connections: readonly [number, number];
}

const REQUEST_MS = 3_000;
const WATCH_SECONDS = 3;
const STALL_MS = 700;
/** A forced removal is told 5 s later. */
const FORCED_LEAST_MS = 5_000;
const AFTER_WEATHER_MS = 1_500;
// Minutes only on a machine where much else runs.
const SETTLE_MS = 180_000;
/** Longer than a connection is kept that nobody uses. */
const IDLE_MS = 45_000;

async function installMemberCrd(kube: Kube): Promise<void> {
  const path = join(__dirname, '../../../deploy/crds/middleware.fedstate.io_mongodbs.yaml');
  const crd = manifestSchema.parse(parse(readFileSync(path, 'utf8')));
  await kube.apply(KINDS.customResourceDefinition, crd, { fieldManager: 'test', force: true });
  await eventually(async () => {
    expect(await kube.serves(KINDS.mongoDB)).toBe(true);
  });
}

const listLiving = async (kube: Kube): Promise<Living[]> => {
  const { items } = await kube.list(KINDS.multiCloudMongoDB, { namespace: NAMESPACE }, objectSchema);
  return items.map(({ metadata }) => ({
    uid: metadata.uid,
    name: metadata.name,
    generation: metadata.generation ?? 0,
    isDeleting: metadata.deletionTimestamp !== undefined,
    hasFinalizer: metadata.finalizers.includes(FINALIZERS.multiCloud),
  }));
};

/** In the middle the API server dies and comes back, if asked for; etcd forgets again and again. */
async function disturbServer(server: ApiServer, forMs: number, killsServer: boolean): Promise<void> {
  const until = performance.now() + forMs;
  const restart = async (): Promise<void> => {
    await sleep(forMs / 2);
    await server.halt();
    await sleep(1_000);
    await server.resume();
  };
  const forget = async (): Promise<void> => {
    while (performance.now() < until) {
      await sleep(Math.min(2_500, forMs / 5));
      await server.compact();
    }
  };
  await Promise.all([...(killsServer ? [restart()] : []), forget()]);
}

/** The watches of controller, member manager and roles, each over wires that are cut, while everything changes. */
export async function soakWatches(options: SoakOptions): Promise<SoakResult> {
  const chance = makeChance(options.seed);
  const roles = new RoleLoad();
  const endings: (() => unknown)[] = [() => roles.stop()];
  try {
    const [server] = await Promise.all([
      startApiServer({ name: 'soak', flags: options.hasWatchCache ? [] : ['--watch-cache=false'] }),
      roles.start(),
    ]);
    endings.push(() => server.stop());
    const [controllerWire, memberWire] = await Promise.all([
      wireTo(server, REQUEST_MS),
      wireTo(server, REQUEST_MS),
    ]);
    endings.push(
      () => controllerWire.stop(),
      () => memberWire.stop(),
    );
    const kube = controllerWire.direct;
    await eventually(() => installCrds(kube));
    await installMemberCrd(kube);

    const ledger = openLedger(kube, chance);
    endings.push(() => ledger.stop());
    const controllerNews = emptyTally();
    const controller = startTriggers({
      kube: controllerWire.proxied,
      entities: ledger,
      logger: listenTo(controllerNews),
      registry: new Registry(),
      // It would heal what a watch has lost.
      resyncSeconds: 3_600,
      watchSeconds: WATCH_SECONDS,
      stallMs: STALL_MS,
      settleMs: 100,
    });
    endings.push(() => controller.stop());

    const memberNews = emptyTally();
    const memberLoad = new MemberLoad(
      memberWire.direct,
      chance,
      Array.from({ length: 15 }, (_, index) => `member-${index}`),
    );
    const cache = watchCluster(memberWire.proxied, {
      onChange: (instance) => memberLoad.hear(instance),
      onNews: (_kind, news) => (memberNews[news] += 1),
      watchSeconds: WATCH_SECONDS,
      stallMs: STALL_MS,
    });
    endings.push(() => cache.stop());

    const names = Array.from({ length: options.instances }, (_, index) => `soak-${index}`);
    const load = new InstanceLoad({ kube, chance, names, rate: 40 });
    await Promise.all([eventually(() => expect(controller.ready()).toBe(true)), cache.synced]);
    const [surroundings] = await Promise.all([prepareSurroundings(kube, chance), load.createAll()]);
    const audit = async (): Promise<ControllerFindings> =>
      auditController(await listLiving(kube), ledger, load.book, surroundings);
    await eventually(async () => {
      expect((await audit()).lost).toEqual([]);
    }, SETTLE_MS);
    const wires = [controllerWire.proxy, memberWire.proxy, ...roles.wires];
    const countConnections = (): number => wires.reduce((sum, wire) => sum + wire.connections(), 0);
    const heapBefore = heapInUse();
    const connectionsBefore = countConnections();

    const { forMs } = options;
    const weather = makeWeather({
      wires,
      chance,
      forMs,
      leastMs: Math.min(800, forMs / 10),
      mostMs: Math.min(4_000, forMs / 15),
    });
    const loadMs = forMs + AFTER_WEATHER_MS;
    const forcedForMs = Math.max(0, loadMs - FORCED_LEAST_MS);
    await Promise.all([
      weather.over,
      disturbServer(server, loadMs, options.killsServer),
      load.run(loadMs, forcedForMs),
      surroundings.run(loadMs, 120),
      memberLoad.run(loadMs, 25, cache),
      roles.run(forMs),
    ]);

    const endedAt = performance.now();
    const settled = await eventually(async () => {
      const found = { controller: await audit(), member: await memberLoad.audit(cache) };
      const isDeleting = (await listLiving(kube)).some((one) => one.isDeleting);
      if (isDeleting || found.controller.lost.length + found.member.lost.length > 0)
        throw new Unsettled(found);
      return found;
    }, SETTLE_MS).catch((error: unknown) => {
      if (error instanceof Unsettled) return error.found;
      throw error;
    });
    const settledMs = performance.now() - endedAt;
    // What a burst has opened is closed when it was idle for a while.
    await eventuallyHolds('few connections', () => countConnections() < 2 * connectionsBefore, IDLE_MS).catch(
      () => undefined,
    );
    const all = [...ledger.accounts.values()];
    return {
      weather: weather.met,
      controller: { ...settled.controller, news: controllerNews },
      member: {
        ...settled.member,
        news: memberNews,
        tried: memberLoad.tried,
        told: memberLoad.told,
      },
      roles: { latencies: roles.latencies, sights: roles.sights, repeated: roles.repeated() },
      book: load.book,
      pokes: all.reduce((sum, { pokes }) => sum + pokes.length, 0),
      latencies: measureLatencies(ledger, load.book),
      settledMs,
      heap: [heapBefore, heapInUse()],
      connections: [connectionsBefore, countConnections()],
    };
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

interface Found {
  readonly controller: ControllerFindings;
  readonly member: { readonly lost: string[]; readonly doubled: string[] };
}

class Unsettled extends Error {
  constructor(readonly found: Found) {
    super('not everything was told');
  }
}
