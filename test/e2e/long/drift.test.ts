import { z } from 'zod';
import type { Kube } from '../../../src/kube/client';
import { KINDS, metadataSchema, type Kind, type ObjectRef } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import {
  awaitHealth,
  createInstance,
  ensureNamespace,
  listHolders,
  readInstance,
  removeInstance,
  sayConditions,
  withDatabase,
} from '../../support/instances';
import { until } from '../../support/until';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'drift';
const NAME = 'drifting';
const QUIET_MS = 20_000;
const contentSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.record(z.string(), z.unknown()).optional(),
  data: z.record(z.string(), z.string()).optional(),
});
const configSchema = z.looseObject({
  config: z.looseObject({
    version: z.number(),
    members: z.array(
      z.looseObject({ host: z.string(), priority: z.number(), tags: z.record(z.string(), z.string()) }),
    ),
  }),
});
const { stringify } = JSON;

suite('drift', () => {
  let environment: Environment;
  let kube: Kube;
  let touched: readonly ObjectRef[] = [];

  const refOf = (kind: Kind, name: string): ObjectRef => ({ kind, namespace: NAMESPACE, name });
  const read = (ref: ObjectRef) => kube.get(ref, contentSchema);

  beforeAll(async () => {
    environment = readEnvironment();
    const [first] = environment.members.values();
    if (first === undefined) throw new Error('no member cluster');
    kube = first;
    await ensureNamespace(environment.karmada, NAMESPACE);
    await createInstance(environment.karmada, NAMESPACE, NAME);
    await awaitHealth(environment.karmada, NAMESPACE, NAME);
  }, 600_000);

  afterAll(async () => {
    await removeInstance(environment.karmada, NAMESPACE, NAME);
    closeEnvironment(environment);
  }, 240_000);

  it('in a member: what was deleted or edited is put back, and no pod or claim is touched', async () => {
    const holders = await listHolders(environment, NAMESPACE, NAME);
    const configs = (await kube.list(KINDS.configMap, { namespace: NAMESPACE }, contentSchema)).items;
    const made = configs.find(({ metadata }) => metadata.name.startsWith(`${NAME}-mongod-`));
    if (made === undefined) throw new Error('no ConfigMap of the member manager');
    const statefulSet = refOf(KINDS.statefulSet, `${NAME}-mongodb-0`);
    const service = refOf(KINDS.service, `${NAME}-mongodb-0`);
    const record = refOf(KINDS.configMap, `${NAME}-hostconf`);
    const config = refOf(KINDS.configMap, made.metadata.name);
    touched = [statefulSet, service, record, config];
    const before = await Promise.all(touched.map(read));
    // Without its pod, which the new one must adopt.
    await kube.delete(statefulSet, { propagation: 'Orphan' });
    for (const ref of [service, record, config]) await kube.delete(ref);
    await awaitSame(touched, before);

    const grace = '/spec/template/spec/terminationGracePeriodSeconds';
    await kube.jsonPatch(statefulSet, [{ op: 'replace', path: grace, value: 1 }]);
    await kube.jsonPatch(service, [{ op: 'replace', path: '/spec/ports/0/targetPort', value: 1 }]);
    await kube.mergePatch(record, { data: { datas: 'nonsense' } });
    await kube.mergePatch(config, { data: { [Object.keys(made.data ?? {})[0] ?? '']: 'nonsense' } });
    await awaitSame(touched, before);
    await awaitHealth(environment.karmada, NAMESPACE, NAME);
    expect(withoutSets(await listHolders(environment, NAMESPACE, NAME))).toEqual(withoutSets(holders));
  }, 240_000);

  it('of the replica set configuration: said in status; and nobody goes on writing', async () => {
    const { karmada } = environment;
    const reconfigured = await changeConfig((member) => ({
      ...member,
      priority: 2,
      tags: { ...member.tags, rack: 'by-hand' },
    }));
    const cr = await until('SubHealth', 60, async () => {
      const now = await readInstance(karmada, NAMESPACE, NAME);
      return now?.status?.state === 'SubHealth'
        ? { answer: now }
        : { reason: stringify([now?.status?.state, sayConditions(now)]) };
    });
    const said = sayConditions(cr).find((line) => line.startsWith('ServerSubHealthy=True')) ?? '';
    expect(said).toContain(`${reconfigured.host} has priority 2, wanted 1`);
    expect(said).toContain('rack=by-hand');
    const settled = await readVersions();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(await readVersions()).toEqual(settled);
    expect((await readConfig()).version).toBe(reconfigured.version);
    await changeConfig((member) => ({ ...member, priority: 1, tags: reconfigured.tags }));
    await awaitHealth(karmada, NAMESPACE, NAME);
  }, 240_000);

  async function awaitSame(
    refs: readonly ObjectRef[],
    before: readonly (z.infer<typeof contentSchema> | undefined)[],
  ): Promise<void> {
    await until('all as before', 60, async () => {
      const now = await Promise.all(refs.map(read));
      const wrong = refs.filter((_ref, index) => essence(now[index]) !== essence(before[index]));
      return wrong.length === 0 ? { answer: true } : { reason: wrong.map(({ name }) => name).join(', ') };
    });
  }

  /** Of kinds with a generation only that, as a status follows its pods. */
  const readVersions = async (): Promise<unknown[]> =>
    (await Promise.all(touched.map(read))).map((object) =>
      object?.metadata.generation === undefined
        ? object?.metadata.resourceVersion
        : [object.metadata.uid, object.metadata.generation],
    );

  const readConfig = () =>
    withDatabase(
      environment.karmada,
      NAMESPACE,
      NAME,
      async (_database, client) =>
        configSchema.parse(await client.db('admin').command({ replSetGetConfig: 1 })).config,
    );

  /** Of the last member, as a person with the root password would. */
  function changeConfig(
    change: (member: { host: string; priority: number; tags: Record<string, string> }) => object,
  ): Promise<{ host: string; version: number; tags: Record<string, string> }> {
    return withDatabase(environment.karmada, NAMESPACE, NAME, async (_database, client) => {
      const admin = client.db('admin');
      const { config } = configSchema.parse(await admin.command({ replSetGetConfig: 1 }));
      const last = config.members.at(-1);
      if (last === undefined) throw new Error('no member in the configuration');
      const members = [...config.members.slice(0, -1), change(last)];
      const version = config.version + 1;
      await admin.command({ replSetReconfig: { ...config, version, members } });
      return { host: last.host, version, tags: last.tags };
    });
  }
});

/** Pods and claims: a StatefulSet that was deleted is another one afterwards. */
const withoutSets = (found: Readonly<Record<string, Readonly<Record<string, string>>>>): string[] =>
  Object.values(found)
    .flatMap((objects) => Object.entries(objects))
    .filter(([name]) => !name.startsWith('StatefulSet '))
    .map(([name, uid]) => `${name} ${uid}`)
    .sort();

/** What somebody may have changed: not the parts that servers fill in. */
function essence(object: z.infer<typeof contentSchema> | undefined): string | undefined {
  if (object === undefined) return undefined;
  const { clusterIP, clusterIPs, ...spec } = object.spec ?? {};
  return stringify([typeof clusterIP, typeof clusterIPs, spec, object.data]);
}
