import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { KINDS } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { listInMembers } from '../support/instances';
import { itHasLostNothing } from '../support/lost-writes';
import { until } from '../support/until';
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

  it('hands the primary over to a cluster that was named, once that was agreed to (S14, S15)', async () => {
    await instance.patch({ spec: { operations: { approval: 'Always' } } });
    const cr = await instance.read();
    const clusterOf = (now: MultiCloudMongoDB): string | undefined =>
      now.status?.members?.find(({ role }) => role === 'PRIMARY')?.cluster;
    const target = Object.keys(sharesOf(cr)).find((cluster) => cluster !== clusterOf(cr)) ?? '';
    const ended = await instance.carriedOut('switchoverInstance', async () => {
      await instance.command('switchover', { cluster: target, by: 'ann', why: 'maintenance' });
      const page = await until('a plan that waits', 120, async () => {
        const text = await instance.readPage();
        return text.includes('waits (ApprovalNeeded)') ? { answer: text } : { reason: text };
      });
      const hash = /Plan `(?<hash>[0-9a-f]+)`/.exec(page)?.groups?.['hash'];
      await instance.command('approve', { hash, by: 'ben', why: 'read it' });
    });
    expect(clusterOf(ended)).toBe(target);
    // The Temporal UI alone tells what happened: kind, plan, each step with its outcome, who agreed, what was waited for.
    const [record] = ended.status?.operations ?? [];
    const page = await instance.readPage(record?.workflowId);
    expect(page).toMatch(/^## Switch over maintenance\/ledger/);
    expect(page).toMatch(/✅ stepDown: .* \(.+\)/);
    expect(page).toMatch(/Plan `[0-9a-f]+`, risk primaryChange/);
    expect(page).toContain('Agreed to by ben: read it.');
    const suspended = record?.workflowId.replace(/\/op\/(\d+)-/, (_, number) => `/op/${Number(number) - 1}-`);
    expect(await instance.readPage(suspended)).toMatch(/\*\*Ended here\*\*: .*approv/i);
    await instance.patch({ spec: { operations: null } });
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

  itHasLostNothing(() => instance.stopWriter());
});
