import { z } from 'zod';
import { withMember } from '../../../local/chaos/replica-set-proof';
import { mongoDBSchema, type MongoDB } from '../../../src/api/mongodb';
import { LABELS } from '../../../src/domain/marks';
import { listClusters, vipOf } from '../../../src/karmada/cluster';
import type { Kube } from '../../../src/kube/client';
import { KINDS, type ObjectRef } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import { connectionStringOf, ensureNamespace, listOwn } from '../../support/instances';
import { itHasLostNothing } from '../../support/lost-writes';
import { until } from '../../support/until';
import { startWrittenSet, type WrittenSet } from '../../support/written-set';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'alone';
const NAME = 'solo';
const SETTINGS = 'solo-settings';
const REF: ObjectRef = { kind: KINDS.mongoDB, namespace: NAMESPACE, name: NAME };
const optionsSchema = z.looseObject({
  parsed: z.looseObject({ net: z.looseObject({ maxIncomingConnections: z.number() }) }),
});

suite('a MongoDB that one cluster runs alone, without a control plane, under writes', () => {
  let environment: Environment;
  let kube: Kube;
  let set: WrittenSet;

  const read = async (): Promise<MongoDB> => {
    const mongo = await kube.get(REF, mongoDBSchema);
    if (mongo === undefined) throw new Error('the MongoDB is gone');
    return mongo;
  };
  const patch = (spec: object): Promise<unknown> => kube.mergePatch(REF, { spec });
  const listPods = async (): Promise<readonly string[]> => [
    ...(await listOwn(kube, [KINDS.pod], NAMESPACE, NAME)).values(),
  ];

  async function applySettings(yaml: string): Promise<void> {
    const metadata = { name: SETTINGS, namespace: NAMESPACE };
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'mongod.yaml': yaml } };
    await kube.apply(KINDS.configMap, manifest, { fieldManager: 'e2e', force: true });
  }

  const runs = (members: number): Promise<MongoDB> =>
    until(`${members} members run`, 480, async () => {
      const mongo = await read();
      const { status } = mongo;
      const serving = status?.replset?.filter(({ stateStr }) => /^(PRIMARY|SECONDARY)$/.test(stateStr)) ?? [];
      const isSettled =
        status?.state === 'Running' &&
        status.observedGeneration === mongo.metadata.generation &&
        status.replset?.length === members &&
        serving.length === members;
      return isSettled
        ? { answer: mongo }
        : { reason: JSON.stringify([status?.waitingFor, status?.replset]) };
    });

  const othersRun = (before: readonly string[], count: number): Promise<MongoDB> =>
    until('every pod is another', 480, async () => {
      const now = await listPods();
      const isOther = now.length === count && now.every((uid) => !before.includes(uid));
      return isOther ? { answer: await runs(count) } : { reason: now.join(' ') };
    });

  beforeAll(async () => {
    environment = readEnvironment();
    const [first] = environment.members;
    if (first === undefined) throw new Error('no member cluster');
    kube = first[1];
    const cluster = (await listClusters(environment.karmada)).find(
      ({ metadata }) => metadata.name === first[0],
    );
    const vip = cluster === undefined ? undefined : vipOf(cluster);
    if (vip === undefined) throw new Error(`cluster ${first[0]} tells no VIP`);
    await ensureNamespace(kube, NAMESPACE);
    await applySettings('net:\n  maxIncomingConnections: 1500\n');
    await kube.create(KINDS.mongoDB, {
      apiVersion: 'middleware.fedstate.io/v1alpha1',
      kind: 'MongoDB',
      metadata: { name: NAME, namespace: NAMESPACE, labels: { [LABELS.vip]: vip } },
      spec: {
        members: 1,
        image: 'mongo:4.2',
        customConfigRef: SETTINGS,
        resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
        persistence: { storage: '256Mi', whenDeleted: 'Delete' },
      },
    });
    await runs(1);
    const uri = await connectionStringOf(kube, NAMESPACE, NAME);
    set = await startWrittenSet(environment, NAMESPACE, NAME, uri);
  }, 600_000);

  afterAll(async () => {
    await set.stop();
    await kube.delete(REF);
    closeEnvironment(environment);
  }, 300_000);

  it('grows from one to three (S1, S8, S10)', async () => {
    const before = await listPods();
    await set.hold('growth', async () => {
      await patch({ members: 3 });
      await runs(3);
    });
    const { status } = await read();
    expect(status?.replset?.map(({ _id }) => _id)).toEqual([0, 1, 2]);
    expect(await listPods()).toEqual(expect.arrayContaining([...before]));
  }, 600_000);

  it('takes another name of its image, a member at a time (S2)', async () => {
    const image = 'docker.io/library/mongo:4.2';
    const before = await listPods();
    await set.hold('image', async () => {
      await patch({ image });
      await othersRun(before, 3);
    });
    expect((await read()).status?.image).toBe(image);
  }, 600_000);

  it('takes an edit of its configuration file, a member at a time (S2)', async () => {
    const before = await listPods();
    await set.hold('configuration', async () => {
      await applySettings('net:\n  maxIncomingConnections: 2500\n');
      await othersRun(before, 3);
    });
    const uri = await connectionStringOf(kube, NAMESPACE, NAME);
    for (const host of ((await read()).status?.externalAddress ?? '').split(',')) {
      const options = await withMember(uri, host, (ask) => ask({ getCmdLineOpts: 1 }));
      expect(optionsSchema.parse(options).parsed.net.maxIncomingConnections).toBe(2500);
    }
  }, 600_000);

  it('shrinks from three to one, and leaves nothing of who went (S9, S11)', async () => {
    const [first] = [...(await listOwn(kube, [KINDS.pod], NAMESPACE, NAME)).keys()].sort();
    await set.hold('shrinking', async () => {
      await patch({ members: 1 });
      await runs(1);
    });
    const kinds = [KINDS.pod, KINDS.statefulSet, KINDS.persistentVolumeClaim] as const;
    await until('one member is left', 120, async () => {
      const left = await listOwn(kube, kinds, NAMESPACE, NAME);
      return left.size === kinds.length ? { answer: left } : { reason: [...left.keys()].join(', ') };
    });
    expect([...(await listOwn(kube, [KINDS.pod], NAMESPACE, NAME)).keys()]).toEqual([first]);
  }, 600_000);

  itHasLostNothing(() => set.stopWriter());

  it('is deleted with all that it made', async () => {
    await kube.delete(REF);
    const kinds = [
      ...[KINDS.mongoDB, KINDS.pod, KINDS.statefulSet, KINDS.persistentVolumeClaim],
      ...[KINDS.service, KINDS.configMap, KINDS.secret],
    ];
    await until('nothing is left', 180, async () => {
      const left = await listOwn(kube, kinds, NAMESPACE, NAME);
      return left.size === 0 ? { answer: true } : { reason: [...left.keys()].join(', ') };
    });
    expect(await kube.get(REF, mongoDBSchema)).toBeUndefined();
  }, 240_000);
});
