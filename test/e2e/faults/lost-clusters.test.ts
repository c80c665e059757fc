import { z } from 'zod';
import { KINDS, metadataSchema } from '../../../src/kube/object';
import { closeEnvironment, readEnvironment, type Environment } from '../../support/environment';
import { cause, heal, missingFaults } from '../../support/faults';
import {
  awaitGone,
  awaitHealth,
  createInstance,
  ensureNamespace,
  instanceRef,
  listEvents,
  listHolders,
  listInMembers,
  readInstance,
  removeInstance,
  sayConditions,
} from '../../support/instances';
import { until } from '../../support/until';

const missing = missingFaults();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`faults skipped: ${missing}`);

const NAMESPACE = 'lost';
const clusterSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadataSchema,
  spec: z.looseObject({}),
});
const EVERYTHING = [
  KINDS.mongoDB,
  KINDS.statefulSet,
  KINDS.pod,
  KINDS.service,
  KINDS.secret,
  KINDS.persistentVolumeClaim,
];

suite('clusters that are lost', () => {
  let environment: Environment;

  beforeAll(async () => {
    environment = readEnvironment();
    const { karmada } = environment;
    await ensureNamespace(karmada, NAMESPACE);
    await Promise.all(['leaving', 'staying'].map((name) => createInstance(karmada, NAMESPACE, name)));
    await Promise.all(['leaving', 'staying'].map((name) => awaitHealth(karmada, NAMESPACE, name)));
  }, 600_000);

  afterAll(async () => {
    // Whatever failed: the clusters are everybody's.
    await heal(environment, 'west-apiserver').catch(() => undefined);
    await heal(environment, 'north');
    closeEnvironment(environment);
  }, 60_000);

  it('unregistered: members run on with their data, status says so, and registration heals it', async () => {
    const { karmada } = environment;
    const before = await listHolders(environment, NAMESPACE, 'staying');
    const ref = { kind: KINDS.cluster, name: 'north' };
    const cluster = await karmada.get(ref, clusterSchema);
    if (cluster === undefined) throw new Error('no Cluster north');
    await karmada.delete(ref);
    await until('status names the cluster', 180, async () => {
      const cr = await readInstance(karmada, NAMESPACE, 'staying');
      const said = sayConditions(cr);
      return cr?.status?.state === 'SubHealth' &&
        said.some((line) => line.startsWith('ServerSubHealthy=True: cluster north is not registered'))
        ? { answer: cr }
        : { reason: JSON.stringify([cr?.status?.state, said]) };
    });
    // Karmada takes its namespaces away last of all, some 7 s after everything else.
    await until('the Cluster is gone', 60, async () =>
      (await karmada.get(ref, clusterSchema)) === undefined ? { answer: true } : { reason: 'still there' },
    );
    expect(await listHolders(environment, NAMESPACE, 'staying')).toEqual(before);
    const { name, labels } = cluster.metadata;
    const { apiVersion, kind, spec } = cluster;
    await karmada.create(KINDS.cluster, {
      apiVersion,
      kind,
      metadata: { name, labels },
      spec: { ...spec, taints: [] },
    });
    await awaitHealth(karmada, NAMESPACE, 'staying');
    expect(await listHolders(environment, NAMESPACE, 'staying')).toEqual(before);
  }, 480_000);

  it('unreachable at a removal: the rest goes, they are named, and are cleaned when they are back', async () => {
    const { karmada } = environment;
    const staying = await listHolders(environment, NAMESPACE, 'staying');
    const leaving = await listHolders(environment, NAMESPACE, 'leaving');
    // One refuses connections, the other answers nothing at all: each call there ends by its timeout.
    await Promise.all([cause(environment, 'stop', 'west-apiserver'), cause(environment, 'cut', 'north')]);
    await karmada.delete(instanceRef(NAMESPACE, 'leaving'));
    await awaitGone(karmada, NAMESPACE, 'leaving', 180);
    const east = environment.members.get('east');
    expect(east).toBeDefined();
    const events = await listEvents(karmada, NAMESPACE, 'leaving');
    const said = events.find((event) => event.startsWith('RemovalIncomplete: '));
    expect(said).toContain('north');
    expect(said).toContain('west');
    expect(said).not.toContain('east');
    await Promise.all([heal(environment, 'west-apiserver'), heal(environment, 'north')]);
    await until('the clusters that are back are clean', 180, async () => {
      const left = await listInMembers(environment, EVERYTHING, NAMESPACE, 'leaving');
      const names = Object.values(left).flatMap((objects) => Object.keys(objects));
      return names.length === 0 ? { answer: true } : { reason: JSON.stringify(left) };
    });
    expect(Object.keys(leaving).sort()).toEqual(['east', 'north', 'west']);
    await awaitHealth(karmada, NAMESPACE, 'staying');
    expect(await listHolders(environment, NAMESPACE, 'staying')).toEqual(staying);
    await removeInstance(karmada, NAMESPACE, 'staying');
  }, 480_000);
});
