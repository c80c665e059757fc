import { z } from 'zod';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { KINDS, objectSchema } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import { listInMembers, sayConditions } from '../../support/instances';
import { itHasLostNothing } from '../../support/lost-writes';
import { until } from '../../support/until';
import { sharesOf, startWrittenInstance, type WrittenInstance } from '../../support/written-instance';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'layout';
const NAME = 'ledger';
const LABEL = 'fedstate.io/e2e-disk';

const podSchema = objectSchema.extend({
  spec: z.looseObject({
    nodeName: z.string().optional(),
    imagePullSecrets: z.array(z.looseObject({ name: z.string() })).optional(),
    containers: z.array(z.looseObject({ image: z.string() })),
  }),
});

suite('where members are and what they are, under writes', () => {
  let environment: Environment;
  let instance: WrittenInstance;
  let clusters: readonly string[];

  beforeAll(async () => {
    environment = readEnvironment();
    instance = await startWrittenInstance(environment, NAMESPACE, NAME);
    clusters = Object.keys(sharesOf(await instance.read())).sort();
  }, 900_000);

  afterAll(async () => {
    await instance.remove();
    closeEnvironment(environment);
  }, 900_000);

  it('holds nine members of whom seven vote, and says so (S5)', async () => {
    const cr = await instance.carriedOut('scaleInstance', () => instance.patch({ spec: { replicaset: 9 } }));
    expect(Object.values(sharesOf(cr))).toEqual([3, 3, 3]);
    const members = await instance.readMembers();
    expect(members.map(({ votes }) => votes).sort()).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1]);
    for (const { votes, priority } of members) expect(priority === 0).toBe(votes === 0);
    expect(cr.status?.members?.filter(({ votes }) => votes === 0)).toHaveLength(2);
  }, 1_200_000);

  it('gives single members what their overrides say, and takes it back (S5, S6)', async () => {
    const [cluster = ''] = clusters;
    const override = { cluster, ordinal: 2, priority: 0, hidden: true, tags: { use: 'reports' } };
    const hidden = async (): Promise<object[]> =>
      (await instance.readMembers()).filter((member) => member.hidden);
    await instance.carriedOut('updateInstance', () =>
      instance.patch({ spec: { member: { overrides: [override] } } }),
    );
    expect(await hidden()).toEqual([
      expect.objectContaining({ priority: 0, tags: expect.objectContaining({ use: 'reports' }) as unknown }),
    ]);
    await instance.carriedOut('updateInstance', () =>
      instance.patch({ spec: { member: { overrides: null } } }),
    );
    expect(await hidden()).toEqual([]);
  }, 900_000);

  it('gives the votes back when seven members or fewer are left (S5, S8)', async () => {
    await instance.carriedOut('scaleInstance', () => instance.patch({ spec: { replicaset: 3 } }));
    expect((await instance.readMembers()).map(({ votes }) => votes)).toEqual([1, 1, 1]);
  }, 1_200_000);

  it('takes a placement that was edited by hand, and the next one', async () => {
    const [first = '', second = '', third = ''] = clusters;
    const place = (shares: Readonly<Record<string, number>>) =>
      instance.carriedOut('scaleInstance', () =>
        instance.patch({
          metadata: {
            annotations: {
              schedulerResult: JSON.stringify({
                ClusterWithReplicaset: Object.entries(shares).map(([cluster, replicaset]) => ({
                  cluster,
                  replicaset,
                })),
              }),
            },
          },
        }),
      );
    const two = await place({ [first]: 2, [second]: 1 });
    expect(sharesOf(two)).toEqual({ [first]: 2, [second]: 1 });
    expect((await listInMembers(environment, [KINDS.statefulSet], NAMESPACE, NAME))[third]).toEqual({});
    expect(sharesOf(await place({ [first]: 1, [second]: 1, [third]: 1 }))).toEqual({
      [first]: 1,
      [second]: 1,
      [third]: 1,
    });
  }, 1_200_000);

  it('carries labels to its objects in every cluster, and restarts nothing for them', async () => {
    const pods = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    await instance.carriedOut('updateInstance', () =>
      instance.patch({ metadata: { labels: { team: 'payments' } } }),
    );
    for (const kube of environment.members.values()) {
      const ref = { kind: KINDS.mongoDB, namespace: NAMESPACE, name: NAME };
      expect((await kube.get(ref, objectSchema))?.metadata.labels).toMatchObject({ team: 'payments' });
    }
    expect(await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME)).toEqual(pods);
  }, 900_000);

  it('takes another name of its image and a login for its registry, a member at a time (S2)', async () => {
    const imageSetting = {
      image: 'docker.io/library/mongo:4.2',
      imagePullSecret: { user: 'puller', passwd: 'a registry pass' },
    };
    const cr = await instance.carriedOut('updateInstance', () => instance.patch({ spec: { imageSetting } }));
    expect(cr.status?.image).toBe(imageSetting.image);
    for (const kube of environment.members.values()) {
      const own = { namespace: NAMESPACE, labelSelector: `app.kubernetes.io/instance=${NAME}` };
      const { items } = await kube.list(KINDS.pod, own, podSchema);
      expect(items).toHaveLength(1);
      for (const { spec } of items) {
        expect(spec.imagePullSecrets).toEqual([{ name: `${NAME}-pull` }]);
        expect(spec.containers.map(({ image }) => image)).toContain(imageSetting.image);
      }
    }
  }, 900_000);

  describe('node selection', () => {
    /** Node of each pod, by cluster. */
    async function readNodes(): Promise<Record<string, string | undefined>> {
      const entries = await Promise.all(
        [...environment.members].map(async ([cluster, kube]): Promise<[string, string | undefined]> => {
          const own = { namespace: NAMESPACE, labelSelector: `app.kubernetes.io/instance=${NAME}` };
          const { items } = await kube.list(KINDS.pod, own, podSchema);
          return [cluster, items[0]?.spec.nodeName];
        }),
      );
      return Object.fromEntries(entries);
    }

    async function labelNodes(choose: (held: boolean) => string | null): Promise<void> {
      const held = await readNodes();
      for (const [cluster, kube] of environment.members) {
        const { items } = await kube.list(KINDS.node, {}, objectSchema);
        for (const { metadata } of items)
          await kube.mergePatch(
            { kind: KINDS.node, name: metadata.name },
            { metadata: { labels: { [LABEL]: choose(metadata.name === held[cluster]) } } },
          );
      }
    }

    afterAll(() => labelNodes(() => null), 60_000);

    it('that members meet where they are is taken member by member (S2)', async () => {
      await labelNodes((held) => (held ? 'fast' : 'slow'));
      const before = await readNodes();
      await instance.carriedOut('updateInstance', () =>
        instance.patch({ spec: { spreadConstraints: { nodeSelect: { [LABEL]: 'fast' } } } }),
      );
      expect(await readNodes()).toEqual(before);
    }, 900_000);

    it('that their volumes cannot follow costs one member at most, is said, and can be taken back (S2)', async () => {
      instance.voters.lap();
      await instance.patch({ spec: { spreadConstraints: { nodeSelect: { [LABEL]: 'slow' } } } });
      await until('the reason in status', 180, async () => {
        const cr = await instance.read();
        const said = JSON.stringify([cr.status?.operation, sayConditions(cr)]);
        return /node/i.test(said) && cr.status?.operation !== undefined && isStuck(cr)
          ? { answer: said }
          : { reason: said };
      });
      await instance.carriedOut('updateInstance', () =>
        instance.patch({ spec: { spreadConstraints: { nodeSelect: { [LABEL]: 'fast' } } } }),
      );
    }, 900_000);

    const isStuck = (cr: MultiCloudMongoDB): boolean => cr.status?.state === 'SubHealth';
  });

  itHasLostNothing(() => instance.stopWriter());
});
