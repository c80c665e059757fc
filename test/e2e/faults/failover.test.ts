import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { TASK_QUEUE } from '../../../src/domain/task-queues';
import { instanceWorkflowId } from '../../../src/domain/workflow-ids';
import { isReady, listClusters } from '../../../src/karmada/cluster';
import { KINDS } from '../../../src/kube/object';
import { closeEnvironment, readEnvironment, type Environment } from '../../support/environment';
import { cause, heal, missingFaults } from '../../support/faults';
import {
  awaitHealth,
  connectionStringOf,
  createInstance,
  ensureNamespace,
  listEvents,
  listInMembers,
  readInstance,
  removeInstance,
  sayConditions,
} from '../../support/instances';
import { until } from '../../support/until';
import { sharesOf } from '../../support/written-instance';
import { startPrimaryWatch, type PrimaryWatch } from '../../../local/chaos/primary-watch';
import { startWriter, type Writer } from '../../../local/chaos/writer';

const missing = missingFaults();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`faults skipped: ${missing}`);

const NAMESPACE = 'failover';
/** Fails over and back by itself. */
const AUTO = 'alarmed';
/** Does neither: people do. */
const BY_HAND = 'called';
const DELAY_SECONDS = 20;
/** Longer than Karmada needs to call a cluster that refuses connections not ready, and the delay after it. */
const API_DOWN_SECONDS = 60;

suite('failover', () => {
  let environment: Environment;
  let temporal: Client;
  let writer: Writer;
  let primaries: PrimaryWatch;
  let lost: string | undefined;
  const told: string[] = [];

  const read = async (name: string): Promise<MultiCloudMongoDB> => {
    const cr = await readInstance(environment.karmada, NAMESPACE, name);
    if (cr === undefined) throw new Error('the custom resource is gone');
    return cr;
  };
  const clusterOfPrimary = (cr: MultiCloudMongoDB): string =>
    cr.status?.members?.find(({ role }) => role === 'PRIMARY')?.cluster ?? '';
  /** Of one instance only: two of them have two primaries. */
  const watchPrimaries = (cr: MultiCloudMongoDB): void =>
    primaries.add((cr.status?.members ?? []).flatMap(({ host }) => host ?? []));
  const entityOf = (cr: MultiCloudMongoDB) =>
    temporal.workflow.getHandle(instanceWorkflowId(NAMESPACE, cr.metadata.name, cr.metadata.uid));
  const openDoor = (cluster: string): Promise<string> =>
    temporal.workflow.execute('failover', {
      workflowId: `failover-${cluster}-${Date.now()}`,
      taskQueue: TASK_QUEUE,
      args: [{ namespace: NAMESPACE, name: BY_HAND, cluster, by: 'ann' }],
    });

  /** Waits until the newest operation of this kind has ended well, and the set is healthy. */
  const ended = (name: string, kind: string): Promise<MultiCloudMongoDB> =>
    until(`${kind} of ${name}`, 400, async () => {
      const cr = await read(name);
      const record = cr.status?.operations?.[0];
      if (record?.kind === kind && record.outcome !== 'succeeded')
        throw new Error(`${kind} ${record.outcome}: ${record.message ?? ''}`);
      if (name === AUTO) watchPrimaries(cr);
      const isOver = record?.kind === kind && cr.status?.operation === undefined;
      return isOver && cr.status?.state === 'Health'
        ? { answer: cr }
        : { reason: JSON.stringify([cr.status?.operation, record, sayConditions(cr)]) };
    });

  beforeAll(async () => {
    environment = readEnvironment();
    temporal = new Client({
      connection: await Connection.connect({ address: environment.temporalAddress }),
    });
    const { karmada } = environment;
    await ensureNamespace(karmada, NAMESPACE);
    const failover = { delaySeconds: DELAY_SECONDS };
    await Promise.all([
      createInstance(karmada, NAMESPACE, AUTO, { failover: { ...failover, mode: 'Auto', failback: 'Auto' } }),
      createInstance(karmada, NAMESPACE, BY_HAND, {
        failover: { ...failover, mode: 'Off', failback: 'Approve' },
      }),
    ]);
    await Promise.all([AUTO, BY_HAND].map((name) => awaitHealth(karmada, NAMESPACE, name)));
    writer = await startWriter(await connectionStringOf(karmada, NAMESPACE, AUTO), 'written');
    primaries = startPrimaryWatch();
    watchPrimaries(await read(AUTO));
  }, 600_000);

  afterAll(async () => {
    // Whatever failed: the clusters are everybody's.
    await heal(environment, 'west-apiserver').catch(() => undefined);
    if (lost !== undefined) await heal(environment, lost).catch(() => undefined);
    console.info(told.join('\n'));
    await Promise.allSettled([primaries.stop(), writer.stop()]);
    await Promise.all([AUTO, BY_HAND].map((name) => removeInstance(environment.karmada, NAMESPACE, name)));
    await temporal.connection.close();
    closeEnvironment(environment);
  }, 300_000);

  it('is no answer to an API server that is down while its mongods are up (S20)', async () => {
    await cause(environment, 'stop', 'west-apiserver');
    try {
      await until('Karmada calls it not ready', 60, async () => {
        const clusters = await listClusters(environment.karmada);
        const west = clusters.find(({ metadata }) => metadata.name === 'west');
        return west !== undefined && !isReady(west) ? { answer: true } : { reason: 'still ready' };
      });
      await new Promise((resolve) => setTimeout(resolve, API_DOWN_SECONDS * 1000));
      const cr = await read(AUTO);
      expect(cr.status?.operations?.map(({ kind }) => kind)).toEqual(['createInstance']);
      expect(sayConditions(cr)).toContain('ClusterLost=False: No cluster of the instance looks dead');
      expect(writer.lap()).toBeLessThan(5_000);
    } finally {
      await heal(environment, 'west-apiserver');
    }
  }, 240_000);

  it('is refused for a cluster that is alive, with the remedy, readable where it was asked for', async () => {
    const refused = await openDoor('north').catch((error: unknown) => error);
    const said = refused instanceof WorkflowFailedError ? (refused.cause?.message ?? '') : String(refused);
    expect(said).toContain('Cluster north is not lost');
    expect(said).toContain('drainCluster');
  }, 120_000);

  it('replaces the members of the cluster that held the primary; nothing that was acknowledged is lost', async () => {
    const before = await awaitHealth(environment.karmada, NAMESPACE, AUTO);
    lost = clusterOfPrimary(before);
    expect(lost).not.toBe('');
    writer.lap();
    const cutAt = Date.now();
    await cause(environment, 'cut', lost);
    const cut = lost;
    const [cr, byHand] = await Promise.all([
      ended(AUTO, 'failoverInstance'),
      until('the door takes it', 120, async () => {
        // Until the others have missed its heartbeats it is called alive.
        const said = await openDoor(cut).catch((error: unknown) => error);
        return typeof said === 'string'
          ? { answer: said }
          : { reason: said instanceof Error ? String(said.cause) : 'no error' };
      }),
    ]);
    told.push(
      `cut of ${cut}, the primary's cluster: redundancy restored after ${Math.round((Date.now() - cutAt) / 1000)} s, longest write outage ${writer.lap()} ms`,
      JSON.stringify(cr.status?.recoveries?.[0]),
    );
    expect(byHand).toContain('succeeded');
    expect(sharesOf(cr)[cut]).toBeUndefined();
    expect(cr.status?.members?.map(({ votes }) => votes)).toEqual([1, 1, 1]);
    expect(cr.status?.recoveries?.[0]).toMatchObject({ kind: 'failoverInstance', cluster: cut });
    expect(cr.status?.placement?.preferred?.map(({ cluster }) => cluster)).toContain(cut);
    expect((await listEvents(environment.karmada, NAMESPACE, AUTO)).join('\n')).toContain(
      `ClusterLost: Cluster ${cut}`,
    );
    expect(sayConditions(await read(BY_HAND)).join('\n')).toContain('ClusterLost=True');
  }, 480_000);

  it('gives the cluster its members back when it is well again: by itself, or when somebody agrees', async () => {
    const cut = lost ?? '';
    await heal(environment, cut);
    lost = undefined;
    const approved = (async () => {
      const hash = await until('a plan waits for a word', 300, async () => {
        const { status } = await read(BY_HAND);
        const found = /Plan (\w+) of/.exec(status?.operation?.waitingFor ?? '')?.[1];
        return status?.operation?.waitReason === 'ApprovalNeeded' && found !== undefined
          ? { answer: found }
          : { reason: JSON.stringify(status?.operation) };
      });
      const cr = await read(BY_HAND);
      expect(sharesOf(cr)[cut]).toBeUndefined();
      await entityOf(cr).executeUpdate('approve', { args: [{ hash, by: 'ann' }] });
      return ended(BY_HAND, 'failbackInstance');
    })();
    const [auto, byHand] = await Promise.all([ended(AUTO, 'failbackInstance'), approved]);
    for (const cr of [auto, byHand]) {
      expect(Object.values(sharesOf(cr))).toEqual([1, 1, 1]);
      expect(cr.status?.members?.map(({ votes }) => votes)).toEqual([1, 1, 1]);
      expect(sayConditions(cr).join('\n')).toContain('ClusterLost=False');
    }
    const pods = await listInMembers(environment, [KINDS.pod], NAMESPACE, AUTO);
    expect(Object.values(pods).map((one) => Object.keys(one).length)).toEqual([1, 1, 1]);
    expect(await primaries.stop()).toEqual([]);
    const result = await writer.stop();
    told.push(`${result.acknowledged} writes acknowledged, ${result.lost.length} lost`);
    expect(result.acknowledged).toBeGreaterThan(300);
    expect(result.lost).toEqual([]);
  }, 600_000);
});
