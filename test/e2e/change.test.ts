import { Client, Connection } from '@temporalio/client';
import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import type { OperationKind } from '../../src/domain/instance';
import { instanceWorkflowId } from '../../src/domain/workflow-ids';
import { KINDS } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import {
  awaitHealth,
  connectionStringOf,
  createInstance,
  ensureNamespace,
  instanceRef,
  listInMembers,
  readInstance,
  removeInstance,
} from '../support/instances';
import { until } from '../support/until';
import { startVoterWatch, type VoterWatch } from '../support/voter-watch';
import { startWriter, type Writer } from '../support/writer';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'change';
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

suite('changes of a running instance, under writes', () => {
  let environment: Environment;
  let temporal: Client;
  let writer: Writer;
  let voters: VoterWatch;
  const outages: string[] = [];

  const read = async (): Promise<MultiCloudMongoDB> => {
    const cr = await readInstance(environment.karmada, NAMESPACE, NAME);
    if (cr === undefined) throw new Error('the custom resource is gone');
    return cr;
  };
  const patch = (change: object): Promise<unknown> =>
    environment.karmada.mergePatch(instanceRef(NAMESPACE, NAME), change);
  const sharesOf = (cr: MultiCloudMongoDB): Record<string, number> =>
    Object.fromEntries(
      (cr.status?.placement?.current ?? []).map((share) => [share.cluster, share.replicaset]),
    );

  /** Waits until this operation, begun by `act`, has ended well and the set is healthy. */
  async function carriedOut(kind: OperationKind, act: () => Promise<unknown>): Promise<MultiCloudMongoDB> {
    const known = new Set((await read()).status?.operations?.map(({ workflowId }) => workflowId));
    writer.lap();
    const begun = Date.now();
    await act();
    const cr = await until(`${kind} carried out`, 800, async () => {
      const now = await read();
      const record = now.status?.operations?.find(({ workflowId }) => !known.has(workflowId));
      if (record !== undefined && record.outcome !== 'succeeded')
        throw new Error(`${record.kind} ${record.outcome}: ${record.message ?? ''}`);
      const ended = record?.kind === kind && now.status?.operation === undefined;
      return ended && now.status?.state === 'Health'
        ? { answer: now }
        : { reason: JSON.stringify(now.status?.operation ?? now.status?.conditions) };
    });
    outages.push(
      `${kind}: ${Math.round((Date.now() - begun) / 1000)} s, longest write outage ${writer.lap()} ms`,
    );
    return cr;
  }

  beforeAll(async () => {
    environment = readEnvironment();
    temporal = new Client({
      connection: await Connection.connect({ address: environment.temporalAddress }),
    });
    await ensureNamespace(environment.karmada, NAMESPACE);
    await createInstance(environment.karmada, NAMESPACE, NAME);
    await awaitHealth(environment.karmada, NAMESPACE, NAME);
    const uri = await connectionStringOf(environment.karmada, NAMESPACE, NAME);
    writer = await startWriter(uri, 'written');
    voters = await startVoterWatch(uri);
  }, 900_000);

  afterAll(async () => {
    console.info(outages.join('\n'));
    await voters.stop();
    await removeInstance(environment.karmada, NAMESPACE, NAME);
    await temporal.connection.close();
    closeEnvironment(environment);
  }, 900_000);

  it('grows by a subset of the clusters (S1, S8, S10)', async () => {
    const cr = await carriedOut('scaleInstance', () => patch({ spec: { replicaset: 5 } }));
    expect(Object.values(sharesOf(cr)).sort()).toEqual([1, 2, 2]);
    expect(cr.status?.members?.map(({ votes }) => votes)).toEqual([1, 1, 1, 1, 1]);
  }, 900_000);

  it('takes new resources member by member, the primary last (S2, S9)', async () => {
    voters.lap();
    const before = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    const limits = { cpu: '2', memory: '512Mi' };
    await carriedOut('updateInstance', () => patch({ spec: { resource: { limits } } }));
    const after = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    const uids = (pods: typeof before): string[] => Object.values(pods).flatMap((one) => Object.values(one));
    expect(uids(after).filter((uid) => uids(before).includes(uid))).toEqual([]);
    expect(uids(after)).toHaveLength(5);
    expect(voters.lap()).toBeLessThanOrEqual(1);
  }, 900_000);

  it('hands the primary over to a cluster that was named (S14, S15)', async () => {
    const cr = await read();
    const clusterOf = (now: MultiCloudMongoDB): string | undefined =>
      now.status?.members?.find(({ role }) => role === 'PRIMARY')?.cluster;
    const target = Object.keys(sharesOf(cr)).find((cluster) => cluster !== clusterOf(cr)) ?? '';
    const id = instanceWorkflowId(NAMESPACE, NAME, cr.metadata.uid);
    const ended = await carriedOut('switchoverInstance', () =>
      temporal.workflow
        .getHandle(id)
        .executeUpdate('switchover', { args: [{ cluster: target, by: 'e2e', why: 'maintenance' }] }),
    );
    expect(clusterOf(ended)).toBe(target);
  }, 900_000);

  it('shrinks, and leaves nothing of the members that went (S11, S13)', async () => {
    const cr = await carriedOut('scaleInstance', () => patch({ spec: { replicaset: 3 } }));
    expect(Object.values(sharesOf(cr))).toEqual([1, 1, 1]);
    const left = await listInMembers(
      environment,
      [KINDS.statefulSet, KINDS.pod, KINDS.persistentVolumeClaim],
      NAMESPACE,
      NAME,
    );
    expect(Object.values(left).map((objects) => Object.keys(objects).length)).toEqual([3, 3, 3]);
  }, 900_000);

  it('empties a cluster for maintenance, and comes back when it is restored', async () => {
    const [drained = ''] = Object.keys(sharesOf(await read()));
    const mark = 'middleware.fedstate.io/drained';
    const away = await carriedOut('drainInstance', () =>
      patch({ metadata: { annotations: { [mark]: drained } } }),
    );
    expect(sharesOf(away)[drained] ?? 0).toBe(0);
    const left = await listInMembers(environment, LEFT_BEHIND, NAMESPACE, NAME);
    expect(left[drained]).toEqual({});
    const back = await carriedOut('scaleInstance', () =>
      patch({ metadata: { annotations: { [mark]: null } } }),
    );
    expect(sharesOf(back)[drained]).toBe(1);
  }, 1_700_000);

  it('has lost no acknowledged write', async () => {
    const { acknowledged, lost } = await writer.stop();
    expect(acknowledged).toBeGreaterThan(100);
    expect(lost).toEqual([]);
  }, 120_000);
});
