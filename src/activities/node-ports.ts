import { sleep } from '@temporalio/activity';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import type { Wait } from '../domain/instance';
import { memberName, type Ordinal } from '../domain/names';
import { readBinding, reportsOf } from '../karmada/binding';
import { isReady, listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import type { Kube } from '../kube/client';
import { KINDS, metadataSchema } from '../kube/object';
import type { ActivityContext } from './context';
import { mayReplacePort } from './known-ports';
import type { Layout } from './layout';
import { holdersOf, ordinalsOf } from './manifests';

const serviceSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number().optional() })).default([]) }),
});

const POLL_MS = 300;
const PATIENCE_MS = 20_000;
const ATTEMPTS = 5;
/** The API server's own default range; one with another range refuses with words that name it. */
const RANGE = { first: 30_000, last: 32_767 } as const;
const TAKEN = /provided port is already allocated/;

/**
 * Sees every Service stand in its clusters. A port that Karmada's API server gave out may be taken in a member: the Work
 * hangs there and that member alone has no address (recorded facts 38 and 39). Until a replica set can have written the
 * address down, such a port is replaced.
 * @returns what is in the way
 */
export async function settleNodePorts(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<Wait | undefined> {
  const deadline = Date.now() + PATIENCE_MS;
  const ordinals = ordinalsOf(layout);
  for (;;) {
    const ready = new Set(
      (await listClusters(context.karmada))
        .filter((cluster) => isReady(cluster) && !layout.fenced.includes(cluster.metadata.name))
        .map((cluster) => cluster.metadata.name),
    );
    const states = await Promise.all(
      ordinals.map((ordinal) => readService(context, cr, layout, ordinal, ready)),
    );
    const taken = states.find(({ takenIn }) => takenIn.length > 0);
    if (taken !== undefined) {
      const hindered = await replacePort(context, cr, layout, taken);
      if (hindered !== undefined) return hindered;
    } else if (states.every(({ open }) => open.length === 0)) return undefined;
    if (Date.now() > deadline) {
      const open = states.flatMap((state) => state.open);
      return open.length === 0 ? undefined : { code: 'Dispatching', message: open.join('; ') };
    }
    await sleep(POLL_MS);
  }
}

interface ServiceState {
  readonly name: string;
  readonly ordinal: Ordinal;
  readonly takenIn: readonly string[];
  /** A sentence for each cluster that answers and does not have it yet. */
  readonly open: readonly string[];
}

async function readService(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  ordinal: Ordinal,
  ready: ReadonlySet<string>,
): Promise<ServiceState> {
  const name = memberName(cr.metadata.name, ordinal);
  const binding = await readBinding(context.karmada, namespaceOf(cr), name, KINDS.service.kind);
  const reports = reportsOf(binding);
  const lacking = holdersOf(layout, ordinal)
    .filter((cluster) => ready.has(cluster) && reports.get(cluster)?.applied !== true)
    .map((cluster) => ({ cluster, why: reports.get(cluster)?.appliedMessage }));
  return {
    name,
    ordinal,
    takenIn: lacking.filter(({ why }) => why !== undefined && TAKEN.test(why)).map(({ cluster }) => cluster),
    open: lacking.map(
      ({ cluster, why }) => `Service ${name} is not in ${cluster} yet${why === undefined ? '' : `: ${why}`}`,
    ),
  };
}

async function replacePort(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  { name, ordinal, takenIn }: ServiceState,
): Promise<Wait | undefined> {
  const where = takenIn.join(', ');
  if (!mayReplacePort(cr, ordinal)) {
    return {
      code: 'Dispatching',
      message: `The NodePort of Service ${name} is taken in ${where}, and the replica set knows its members by it: free the port there.`,
    };
  }
  const ref = { kind: KINDS.service, namespace: namespaceOf(cr), name };
  const service = await context.karmada.get(ref, serviceSchema);
  const before = service?.spec.ports[0]?.nodePort;
  if (service === undefined || before === undefined) return undefined;
  // The report may be of the port before: only one that is taken at this moment is replaced.
  if (!(await isTaken(context, takenIn, before, service.metadata))) return undefined;
  for (let attempt = 1; ; attempt += 1) {
    const port = await chooseFreePort(context, holdersOf(layout, ordinal));
    if (port === undefined) {
      return {
        code: 'Dispatching',
        message: `NodePort ${before} of Service ${name} is taken in ${where}, and no other is free in all its clusters: free one.`,
      };
    }
    try {
      await context.karmada.jsonPatch(ref, [
        { op: 'test', path: '/metadata/uid', value: service.metadata.uid },
        { op: 'test', path: '/spec/ports/0/nodePort', value: before },
        { op: 'replace', path: '/spec/ports/0/nodePort', value: port },
      ]);
      await context.events.record(cr, {
        type: 'Warning',
        reason: 'NodePortReplaced',
        action: 'Create',
        note: `NodePort ${before} of Service ${name} is taken in ${where}: ${port} is used in its place.`,
      });
      return undefined;
    } catch (error) {
      // Somebody was quicker with the port.
      if (!isFedStateError(error, 'InvalidSpec') || attempt === ATTEMPTS) throw error;
    }
  }
}

async function isTaken(
  context: ActivityContext,
  clusters: readonly string[],
  port: number,
  own: { readonly name: string; readonly namespace?: string | undefined },
): Promise<boolean> {
  const found = await Promise.all(
    clusters.map(async (cluster) => {
      const services = await listServices(await context.members.kubeOf(cluster));
      return services
        .filter(({ metadata }) => metadata.name !== own.name || metadata.namespace !== own.namespace)
        .some(({ spec }) => spec.ports.some(({ nodePort }) => nodePort === port));
    }),
  );
  return found.includes(true);
}

/** One that nobody has, on Karmada and in every cluster that answers; by chance, so that two at once rarely meet. */
async function chooseFreePort(
  context: ActivityContext,
  clusters: readonly string[],
): Promise<number | undefined> {
  const inMembers = clusters.map(async (cluster) => {
    try {
      return await listServices(await context.members.kubeOf(cluster));
    } catch (error) {
      if (!isFedStateError(error, 'Unreachable')) throw error;
      return [];
    }
  });
  const services = (await Promise.all([listServices(context.karmada), ...inMembers])).flat();
  const used = new Set(services.flatMap(({ spec }) => spec.ports.map(({ nodePort }) => nodePort)));
  const free = Array.from({ length: RANGE.last - RANGE.first + 1 }, (_, index) => RANGE.first + index).filter(
    (port) => !used.has(port),
  );
  return free[Math.floor(Math.random() * free.length)];
}

const listServices = async (kube: Kube): Promise<z.infer<typeof serviceSchema>[]> =>
  (await kube.list(KINDS.service, {}, serviceSchema)).items;
