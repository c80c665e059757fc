import { z } from 'zod';
import { KINDS } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { listInMembers } from '../support/instances';
import { sharesOf, startWrittenInstance, type WrittenInstance } from '../support/written-instance';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'change';
const NAME = 'ledger';
const SETTINGS = { 'systemLog.verbosity': '1', 'operationProfiling.slowOpThresholdMs': '250' };
const toldSchema = z.object({ logLevel: z.number(), slowms: z.number() });

suite('changes of a running instance, under writes', () => {
  let environment: Environment;
  let instance: WrittenInstance;

  beforeAll(async () => {
    environment = readEnvironment();
    instance = await startWrittenInstance(environment, NAMESPACE, NAME);
  }, 900_000);

  afterAll(async () => {
    await instance.remove();
    closeEnvironment(environment);
  }, 900_000);

  /** What each member runs with. */
  const readSettings = (): Promise<z.output<typeof toldSchema>[]> =>
    instance.askEach(toldSchema, { getParameter: 1, logLevel: 1 }, { profile: -1 });

  it('takes what mongod takes at run time without a restart', async () => {
    const before = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    const change = { spec: { config: { configSet: SETTINGS } } };
    await instance.carriedOut('updateInstance', () => instance.patch(change));
    expect(await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME)).toEqual(before);
    expect(await readSettings()).toEqual(Array(3).fill({ logLevel: 1, slowms: 250 }));
  }, 900_000);

  it('grows by a subset of the clusters (S1, S8, S10)', async () => {
    const cr = await instance.carriedOut('scaleInstance', () => instance.patch({ spec: { replicaset: 5 } }));
    expect(Object.values(sharesOf(cr)).sort()).toEqual([1, 2, 2]);
    expect(cr.status?.members?.map(({ votes }) => votes)).toEqual([1, 1, 1, 1, 1]);
  }, 900_000);

  it('takes new resources member by member, the primary last (S2, S9)', async () => {
    const before = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    const limits = { cpu: '2', memory: '512Mi' };
    await instance.carriedOut('updateInstance', () => instance.patch({ spec: { resource: { limits } } }));
    const after = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    const uids = (pods: typeof before): string[] => Object.values(pods).flatMap((one) => Object.values(one));
    expect(uids(after).filter((uid) => uids(before).includes(uid))).toEqual([]);
    expect(uids(after)).toHaveLength(5);
    // By the file that they start by.
    expect(await readSettings()).toEqual(Array(5).fill({ logLevel: 1, slowms: 250 }));
  }, 900_000);

  it('shrinks, and leaves nothing of the members that went (S11, S13)', async () => {
    const cr = await instance.carriedOut('scaleInstance', () => instance.patch({ spec: { replicaset: 3 } }));
    expect(Object.values(sharesOf(cr))).toEqual([1, 1, 1]);
    const left = await listInMembers(
      environment,
      [KINDS.statefulSet, KINDS.pod, KINDS.persistentVolumeClaim],
      NAMESPACE,
      NAME,
    );
    expect(Object.values(left).map((objects) => Object.keys(objects).length)).toEqual([3, 3, 3]);
  }, 900_000);

  it('has lost no acknowledged write', async () => {
    const { acknowledged, lost } = await instance.stopWriter();
    expect(acknowledged).toBeGreaterThan(100);
    expect(lost).toEqual([]);
  }, 120_000);
});
