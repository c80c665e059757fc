import { z } from 'zod';
import { KINDS } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { readAuditLogs } from '../support/audit-log';
import { runDryRun } from '../support/dry-run';
import { listInMembers, listOwn } from '../support/instances';
import { itHasLostNothing } from '../support/lost-writes';
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

  it('is told beforehand by a dry run, which touches nothing', async () => {
    const { metadata, spec, status } = await instance.read();
    const wish = (replicaset: number): object => ({
      apiVersion: 'middleware.fedstate.io/v1alpha1',
      kind: KINDS.multiCloudMongoDB.kind,
      metadata: { name: NAME, namespace: NAMESPACE },
      spec: { ...spec, replicaset },
    });
    const kinds = [
      KINDS.mongoDB,
      KINDS.service,
      KINDS.propagationPolicy,
      KINDS.overridePolicy,
      KINDS.configMap,
    ];
    const before = await listOwn(environment.karmada, kinds, NAMESPACE, NAME);
    const since = Date.now();

    const { code, out, err } = await runDryRun(environment, wish(5));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const part of [
      /Placement \(new\)\n {2}\w+/,
      /✓ [\w-]+: /,
      /now: 3 votes, majority 2, may lose 1 member or any one cluster/,
      /\d\. addMember: \S+, \S+ in the configuration without vote \(S10\) \[safe; may lose 1\]/,
      /then: 5 votes, majority 3, may lose 2 members or any one cluster/,
      /\+ Service\/ledger-mongodb-1\n/,
      /~ OverridePolicy\/ledger\n/,
    ])
      expect(out).toMatch(part);
    expect((await runDryRun(environment, wish(3))).out).toMatch(/Steps: none.*\n\n.*none would change/);
    const wrong = await runDryRun(environment, wish(51));
    expect(wrong).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/spec\.replicaset/) as string,
    });

    const after = await instance.read();
    expect(after.metadata.generation).toBe(metadata.generation);
    expect(after.spec).toEqual(spec);
    expect(after.status?.operations).toEqual(status?.operations);
    expect(await listOwn(environment.karmada, kinds, NAMESPACE, NAME)).toEqual(before);
    const written = readAuditLogs(environment, since).filter(
      ({ agent, verb }) => agent.startsWith('fedstate-plan') && !['get', 'list', 'watch'].includes(verb),
    );
    // Karmada's API server completes the wish and forgets it: an apply with dryRun=All.
    for (const { verb, target } of written)
      expect({ verb, target }).toMatchObject({ verb: 'patch', target: { resource: 'multicloudmongodbs' } });
  }, 300_000);

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

  itHasLostNothing(() => instance.stopWriter());
});
