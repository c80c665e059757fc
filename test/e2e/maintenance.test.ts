import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
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

const NAMESPACE = 'maintenance';
const NAME = 'ledger';
const LEFT_BEHIND = [
  KINDS.mongoDB,
  KINDS.statefulSet,
  KINDS.pod,
  KINDS.service,
  KINDS.configMap,
  KINDS.secret,
  KINDS.persistentVolumeClaim,
] as const;

suite('maintenance of a running instance, under writes', () => {
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

  it('hands the primary over to a cluster that was named (S14, S15)', async () => {
    const cr = await instance.read();
    const clusterOf = (now: MultiCloudMongoDB): string | undefined =>
      now.status?.members?.find(({ role }) => role === 'PRIMARY')?.cluster;
    const target = Object.keys(sharesOf(cr)).find((cluster) => cluster !== clusterOf(cr)) ?? '';
    const ended = await instance.carriedOut('switchoverInstance', () =>
      instance.command('switchover', { cluster: target, by: 'e2e', why: 'maintenance' }),
    );
    expect(clusterOf(ended)).toBe(target);
  }, 900_000);

  it('empties a cluster, and comes back when it is restored', async () => {
    const [drained = ''] = Object.keys(sharesOf(await instance.read()));
    const mark = 'middleware.fedstate.io/drained';
    const away = await instance.carriedOut('drainInstance', () =>
      instance.patch({ metadata: { annotations: { [mark]: drained } } }),
    );
    expect(sharesOf(away)[drained] ?? 0).toBe(0);
    const left = await listInMembers(environment, LEFT_BEHIND, NAMESPACE, NAME);
    expect(left[drained]).toEqual({});
    const back = await instance.carriedOut('scaleInstance', () =>
      instance.patch({ metadata: { annotations: { [mark]: null } } }),
    );
    expect(sharesOf(back)[drained]).toBe(1);
  }, 1_700_000);

  it('has lost no acknowledged write', async () => {
    const { acknowledged, lost } = await instance.stopWriter();
    expect(acknowledged).toBeGreaterThan(100);
    expect(lost).toEqual([]);
  }, 120_000);
});
