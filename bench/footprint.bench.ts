// By hand, on a local stack that is up and idle:
// npx tsc -p tsconfig.build.json && FEDSTATE_STACK=demo node dist/bench/footprint.bench.js [INSTANCES]
import { setTimeout as sleep } from 'node:timers/promises';
import { multiCloudMongoDBSchema } from '../src/api/multicloudmongodb';
import type { Kube } from '../src/kube/client';
import { KINDS, objectSchema } from '../src/kube/object';
import { kubeOf } from '../local/stack/kubeconfig';
import type { StackLayout } from '../local/stack/layout';
import { readStackName } from '../local/stack/stack-name';
import { findStack, readBaseFolder } from '../local/stack/stack-registry';

const NAMESPACE = 'footprint';
const WINDOW_SECONDS = 60;
const SETTLE_SECONDS = 30;
const CREATION_SECONDS = 1_800;
/** Made at one time: mongods of one machine elect late when all start together. */
const AT_ONCE = 4;

/** What a role's process says of itself. */
interface Usage {
  readonly cpuSeconds: number;
  readonly megabytes: number;
}
type Ask = () => Promise<Usage>;

const readMetric = (text: string, name: string): number =>
  Number(new RegExp(`^${name} ([\\d.e+]+)`, 'm').exec(text)?.[1] ?? Number.NaN);

const usageOf = (text: string): Usage => ({
  cpuSeconds: readMetric(text, 'process_cpu_seconds_total'),
  megabytes: readMetric(text, 'process_resident_memory_bytes') / 2 ** 20,
});

/** Controller and worker by their own port, the managers through their API server. */
async function findRoles(layout: StackLayout, members: ReadonlyMap<string, Kube>): Promise<Map<string, Ask>> {
  const onHost = (port: number): Ask => {
    const url = `http://${layout.loopback}:${port}/metrics`;
    return async () => usageOf(await (await fetch(url)).text());
  };
  const roles = new Map<string, Ask>([
    ['controller', onHost(8080)],
    ['worker', onHost(8081)],
  ]);
  for (const [name, kube] of members) {
    const options = { namespace: 'fedstate-system', labelSelector: 'app.kubernetes.io/component=member' };
    for (const { metadata } of (await kube.list(KINDS.pod, options, objectSchema)).items) {
      const path = `/api/v1/namespaces/fedstate-system/pods/${metadata.name}:8080/proxy/metrics`;
      roles.set(`member ${name}`, async () => usageOf(await kube.transport.request({ method: 'GET', path })));
    }
  }
  return roles;
}

async function measure(roles: ReadonlyMap<string, Ask>, instances: number): Promise<void> {
  const ask = (): Promise<Usage[]> => Promise.all([...roles.values()].map((one) => one()));
  await sleep(SETTLE_SECONDS * 1000);
  const [started, before] = [performance.now(), await ask()];
  await sleep(WINDOW_SECONDS * 1000);
  const after = await ask();
  const seconds = (performance.now() - started) / 1000;
  for (const [index, role] of [...roles.keys()].entries()) {
    const cpu = (after[index]?.cpuSeconds ?? 0) - (before[index]?.cpuSeconds ?? 0);
    const memory = (after[index]?.megabytes ?? 0).toFixed(0);
    say(`| ${instances} | ${role} | ${((cpu / seconds) * 1000).toFixed(0)} | ${memory} |`);
  }
}

const refOf = (index: number) => ({
  kind: KINDS.multiCloudMongoDB,
  namespace: NAMESPACE,
  name: `idle-${index}`,
});

async function create(karmada: Kube, index: number): Promise<void> {
  const { name } = refOf(index);
  await karmada.create(KINDS.multiCloudMongoDB, {
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MultiCloudMongoDB',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicaset: 3,
      imageSetting: { image: 'mongo:4.2' },
      resource: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
      storage: { storageSize: '128Mi', whenDeleted: 'Delete' },
    },
  });
  await waitFor(`Health of ${name}`, async () => {
    const { status } = (await karmada.get(refOf(index), multiCloudMongoDBSchema)) ?? {};
    return status?.state === 'Health' && status.operation === undefined;
  });
}

async function waitFor(what: string, ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + CREATION_SECONDS * 1000;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${CREATION_SECONDS} s`);
    await sleep(1_000);
  }
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<void> {
  const name = readStackName(process.env);
  const layout = findStack(readBaseFolder(process.env), name);
  if (layout === undefined) throw new Error(`Stack ${name} does not exist: npm run local -- up`);
  const instances = Number(process.argv[2] ?? 20);
  const karmada = kubeOf(layout.karmada.kubeconfig);
  const members = new Map(layout.members.map((member) => [member.name, kubeOf(member.kubeconfig)]));
  const roles = await findRoles(layout, members);
  say(`| instances | role | CPU, thousandths of a core | memory, MiB |\n| --- | --- | --- | --- |`);
  await measure(roles, 0);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await karmada.apply(KINDS.namespace, namespace, { fieldManager: 'bench' });
  const all = Array.from({ length: instances }, (_, index) => index);
  try {
    for (let from = 0; from < instances; from += AT_ONCE)
      await Promise.all(all.slice(from, from + AT_ONCE).map((index) => create(karmada, index)));
    await measure(roles, instances);
  } finally {
    await Promise.all(all.map((index) => karmada.delete(refOf(index))));
    await waitFor('removal', async () => {
      const left = await karmada.list(KINDS.multiCloudMongoDB, { namespace: NAMESPACE }, objectSchema);
      return left.items.length === 0;
    });
    for (const kube of [karmada, ...members.values()]) kube.transport.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
