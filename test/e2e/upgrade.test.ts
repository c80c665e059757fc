import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { KINDS } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { listInMembers } from '../support/instances';
import { until } from '../support/until';
import { startWrittenInstance, type WrittenInstance } from '../support/written-instance';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'upgrade';
const NAME = 'ledger';

suite('a new release, under writes', () => {
  let environment: Environment;
  let instance: WrittenInstance;

  const askForImage = (image: string): Promise<unknown> =>
    instance.patch({ spec: { imageSetting: { image } } });
  /** What the operation waits for, once it is for this reason. */
  const awaitWait = (reason: string): Promise<string> =>
    until(reason, 600, async () => {
      const operation = (await instance.read()).status?.operation;
      return operation?.waitReason === reason
        ? { answer: operation.waitingFor ?? '' }
        : { reason: JSON.stringify(operation) };
    });
  const releases = (cr: MultiCloudMongoDB): string[] =>
    (cr.status?.members ?? []).map(({ version }) => (version ?? '').split('.').slice(0, 2).join('.'));

  beforeAll(async () => {
    environment = readEnvironment();
    const spec = { operations: { soakSeconds: 3600 } };
    instance = await startWrittenInstance(environment, NAMESPACE, NAME, spec);
  }, 900_000);

  afterAll(async () => {
    await instance.remove();
    closeEnvironment(environment);
  }, 900_000);

  it('skips no release, runs the next one with the former feature version until it is approved (S2, S22)', async () => {
    const pods = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    await askForImage('mongo:5.0');
    expect(await awaitWait('PlanRefused')).toContain('S22: 5.0 does not follow 4.2');
    expect(await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME)).toEqual(pods);

    const begun = Date.now();
    instance.voters.lap();
    await askForImage('mongo:4.4');
    await awaitWait('Soaking');
    const soaking = await instance.read();
    expect(soaking.status).toMatchObject({
      state: 'Health',
      featureCompatibilityVersion: '4.2',
      operation: { kind: 'upgradeInstance', step: 'soak' },
    });
    expect(releases(soaking)).toEqual(['4.4', '4.4', '4.4']);
    expect(instance.voters.lap()).toBeLessThanOrEqual(1);
    const seconds = Math.round((Date.now() - begun) / 1000);

    // Another operation leaves the soak to its own, and it goes on.
    const cluster = soaking.status?.members?.find(({ role }) => role === 'SECONDARY')?.cluster;
    await instance.command('switchover', { cluster, by: 'e2e' });
    await until('handed over', 240, async () => {
      const [record] = (await instance.read()).status?.operations ?? [];
      return record?.kind === 'switchoverInstance'
        ? { answer: record }
        : { reason: JSON.stringify((await instance.read()).status?.operation) };
    });
    const soak = await awaitWait('Soaking');
    expect((await instance.read()).status?.featureCompatibilityVersion).toBe('4.2');

    const hash = /plan ([0-9a-f]{16})/.exec(soak)?.[1];
    await instance.command('approve', { hash, by: 'e2e', why: 'it runs well' });
    const ended = await until('raised', 120, async () => {
      const cr = await instance.read();
      const record = cr.status?.operations?.[0];
      return record?.kind === 'upgradeInstance' && cr.status?.operation === undefined
        ? { answer: cr }
        : { reason: JSON.stringify(cr.status?.operation) };
    });
    expect(ended.status?.operations?.[0]).toMatchObject({ outcome: 'succeeded' });
    expect(ended.status).toMatchObject({ state: 'Health', featureCompatibilityVersion: '4.4' });

    const { acknowledged, lost, outageMs } = await instance.stopWriter();
    console.info(`4.2 to 4.4: ${seconds} s, ${acknowledged} writes, longest outage ${outageMs} ms`);
    expect(acknowledged).toBeGreaterThan(50);
    expect(lost).toEqual([]);
  }, 900_000);
});
