import { z } from 'zod';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { KINDS, objectSchema } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import { ensureNamespace, listInMembers } from '../../support/instances';
import { itHasLostNothing } from '../../support/lost-writes';
import { sharesOf, startWrittenInstance, type WrittenInstance } from '../../support/written-instance';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'operations';
const NAME = 'ledger';
const CONFIG = { kind: KINDS.configMap, namespace: NAMESPACE, name: 'mongod-settings' };

const optionsSchema = z.looseObject({
  parsed: z.looseObject({ net: z.looseObject({ maxIncomingConnections: z.number().optional() }) }),
});
const serviceSchema = objectSchema.extend({
  spec: z.looseObject({ ports: z.array(z.looseObject({ port: z.number() })) }),
});
const claimSchema = objectSchema.extend({
  spec: z.looseObject({ resources: z.looseObject({ requests: z.record(z.string(), z.string()) }) }),
});

suite('one operation after the other, under writes', () => {
  let environment: Environment;
  let instance: WrittenInstance;

  beforeAll(async () => {
    environment = readEnvironment();
    await ensureNamespace(environment.karmada, NAMESPACE);
    await writeConfig('');
    instance = await startWrittenInstance(environment, NAMESPACE, NAME, {
      config: { configRef: CONFIG.name },
    });
  }, 900_000);

  afterAll(async () => {
    await instance.remove();
    closeEnvironment(environment);
  }, 900_000);

  const writeConfig = (text: string): Promise<unknown> =>
    environment.karmada.apply(
      KINDS.configMap,
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: CONFIG.name, namespace: NAMESPACE },
        data: { 'mongod.yaml': `net:\n  port: 27017\n${text}` },
      },
      { fieldManager: 'e2e' },
    );

  const hostsOf = (cr: MultiCloudMongoDB): string[] =>
    (cr.status?.members ?? []).flatMap(({ host }) => host ?? []);

  it('switches the exporter on, and no port of it is ever a member', async () => {
    const cr = await instance.carriedOut('updateInstance', () =>
      instance.patch({ spec: { export: { enable: true } } }),
    );
    expect(hostsOf(cr)).toHaveLength(3);
    for (const kube of environment.members.values()) {
      const { items } = await kube.list(KINDS.service, { namespace: NAMESPACE }, serviceSchema);
      const ports = items.flatMap(({ spec }) => spec.ports.map(({ port }) => port));
      expect(ports.sort()).toEqual([27017, 9216]);
    }
  }, 900_000);

  it('grows from three to seven with the exporter on; who was there keeps place, _id and address (S1, S5)', async () => {
    const before = await instance.readMembers();
    const cr = await instance.carriedOut('scaleInstance', () => instance.patch({ spec: { replicaset: 7 } }));
    expect(Object.values(sharesOf(cr)).sort()).toEqual([2, 2, 3]);
    const members = await instance.readMembers();
    expect(members.slice(0, 3)).toEqual(before);
    expect(members.map(({ votes }) => votes)).toEqual(Array(7).fill(1));
    expect(members.map(({ host }) => host).sort()).toEqual(hostsOf(cr).sort());
    const pods = await listInMembers(environment, [KINDS.statefulSet], NAMESPACE, NAME);
    expect(Object.values(pods).flatMap((one) => Object.keys(one))).toHaveLength(7);
  }, 900_000);

  it('moves a member to the cluster that was named', async () => {
    const shares = sharesOf(await instance.read());
    const [from = ''] = Object.entries(shares).find(([, count]) => count === 3) ?? [];
    const [to = ''] = Object.keys(shares).filter((cluster) => cluster !== from);
    const cr = await instance.carriedOut('scaleInstance', () =>
      instance.command('move', { from, to, by: 'ann', why: 'a rack that runs hot' }),
    );
    expect(sharesOf(cr)).toMatchObject({ [from]: 2, [to]: 3 });
  }, 900_000);

  it('takes an edit of the file that needs a restart, in every member (S2, S9)', async () => {
    await instance.carriedOut('updateInstance', () => writeConfig('  maxIncomingConnections: 4321\n'));
    const options = await instance.askEach(optionsSchema, { getCmdLineOpts: 1 });
    expect(options.map(({ parsed }) => parsed.net.maxIncomingConnections)).toEqual(Array(7).fill(4321));
  }, 900_000);

  it('restarts every member once when asked to, and keeps every volume, which grows (S2)', async () => {
    const kinds = [KINDS.pod, KINDS.persistentVolumeClaim] as const;
    const list = async (kind: (typeof kinds)[number]): Promise<string[]> =>
      Object.values(await listInMembers(environment, [kind], NAMESPACE, NAME)).flatMap((one) =>
        Object.values(one),
      );
    const [pods, claims] = await Promise.all(kinds.map(list));
    await instance.carriedOut('updateInstance', () =>
      instance.patch({
        metadata: { annotations: { 'middleware.fedstate.io/restart': '1' } },
        spec: { storage: { storageSize: '512Mi' } },
      }),
    );
    const [podsAfter = [], claimsAfter] = await Promise.all(kinds.map(list));
    expect(podsAfter.filter((uid) => pods?.includes(uid))).toEqual([]);
    expect(claimsAfter?.sort()).toEqual(claims?.sort());
    for (const kube of environment.members.values()) {
      const { items } = await kube.list(KINDS.persistentVolumeClaim, { namespace: NAMESPACE }, claimSchema);
      for (const { spec } of items) expect(spec.resources.requests['storage']).toBe('512Mi');
    }
  }, 900_000);

  it('shrinks from seven to one (S9, S11, S13)', async () => {
    const cr = await instance.carriedOut('scaleInstance', () => instance.patch({ spec: { replicaset: 1 } }));
    const [only, ...others] = await instance.readMembers();
    expect(others).toEqual([]);
    expect(hostsOf(cr)).toEqual([only?.host]);
    const kinds = [KINDS.statefulSet, KINDS.persistentVolumeClaim];
    const left = await listInMembers(environment, kinds, NAMESPACE, NAME);
    expect(Object.values(left).flatMap((one) => Object.keys(one))).toHaveLength(2);
  }, 1_200_000);

  it('becomes two with an arbiter, and three without (S6, S7, S16)', async () => {
    await instance.carriedOut('scaleInstance', () =>
      instance.patch({ spec: { replicaset: 2, config: { arbiter: true } } }),
    );
    const three = await instance.readMembers();
    expect(three.map(({ arbiterOnly, votes }) => [arbiterOnly, votes]).sort()).toEqual([
      [false, 1],
      [false, 1],
      [true, 1],
    ]);
    await instance.carriedOut('scaleInstance', () =>
      instance.patch({ spec: { replicaset: 3, config: { arbiter: false } } }),
    );
    expect((await instance.readMembers()).map(({ arbiterOnly, votes }) => [arbiterOnly, votes])).toEqual(
      Array(3).fill([false, 1]),
    );
  }, 1_800_000);

  itHasLostNothing(() => instance.stopWriter());
});
