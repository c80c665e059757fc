import { MongoClient } from 'mongodb';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { KINDS, objectSchema } from '../../../src/kube/object';
import { signIn, signInAsSystem } from '../../../src/mongodb/users';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import { readEverything } from '../../support/everything';
import { connectionStringOf, ensureNamespace, listInMembers } from '../../support/instances';
import { itHasLostNothing } from '../../support/lost-writes';
import { listSecretForms } from '../../support/secret-forms';
import { until } from '../../support/until';
import { startWrittenInstance, type WrittenInstance } from '../../support/written-instance';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'renewal';
const NAME = 'tenured';
const MARK = 'middleware.fedstate.io';
const secretSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });

suite('new credentials and a new member, under writes', () => {
  let environment: Environment;
  let instance: WrittenInstance;

  const update = (name: string, request: object): Promise<unknown> =>
    instance.command(name, { by: 'e2e', ...request });
  const hostsOf = (cr: MultiCloudMongoDB): string[] =>
    (cr.status?.members ?? []).map(({ host }) => host ?? '');

  async function readAuth(): Promise<Record<string, string>> {
    const ref = { kind: KINDS.secret, namespace: NAMESPACE, name: `${NAME}-auth` };
    const data = (await environment.karmada.get(ref, secretSchema))?.data ?? {};
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
    );
  }

  async function writePassword(name: string, password: string): Promise<void> {
    await environment.karmada.apply(
      KINDS.secret,
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: NAMESPACE },
        data: { password: Buffer.from(password).toString('base64') },
      },
      { fieldManager: 'e2e', force: true },
    );
  }

  /** What the exporter of a member answers, through its cluster's API server. */
  async function scrape(cluster: string): Promise<string> {
    const kube = environment.members.get(cluster);
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${NAME}-mongodb-0-0:9216/proxy/metrics`;
    return (await kube?.transport.request({ method: 'GET', path })) ?? '';
  }

  const refused = (attempt: Promise<void>): Promise<void> =>
    expect(attempt).rejects.toMatchObject({ kind: 'Unauthorized' });

  beforeAll(async () => {
    environment = readEnvironment();
    await ensureNamespace(environment.karmada, NAMESPACE);
    await writePassword('app-password', 'first-of-the-application');
    const spec = {
      export: {
        enable: true,
        resource: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
      },
      users: [
        {
          name: 'app',
          passwordSecretRef: { name: 'app-password' },
          roles: [
            { role: 'readWrite', db: 'e2e' },
            { role: 'clusterMonitor', db: 'admin' },
          ],
        },
      ],
    };
    const uriOf = (cr: MultiCloudMongoDB): string =>
      `mongodb://app:first-of-the-application@${hostsOf(cr).join(',')}/?replicaSet=replset-0&authSource=admin`;
    instance = await startWrittenInstance(environment, NAMESPACE, NAME, spec, uriOf);
  }, 900_000);

  afterAll(async () => {
    await instance.remove();
    closeEnvironment(environment);
  }, 400_000);

  it('changes all passwords and the keyfile, one member away at a time (S2, S23)', async () => {
    const before = await readAuth();
    const pods = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    const oldUri = await connectionStringOf(environment.karmada, NAMESPACE, NAME);
    const cr = await instance.carriedOut('rotateInstance', () => update('rotate', { why: 'a leak' }));
    const after = await readAuth();
    const names = ['rootPassword', 'clusterAdminPassword', 'clusterMonitorPassword', 'keyfile'] as const;
    for (const name of names)
      expect({ name, same: after[name] === before[name] }).toEqual({ name, same: false });
    expect(Object.keys(after).filter((key) => /pending|former/i.test(key))).toEqual([]);
    expect(cr.metadata.annotations[`${MARK}/credentials-rotated-at`]).toMatch(/^\d{4}-/);
    const uids = (all: typeof pods): string[] => Object.values(all).flatMap((one) => Object.values(one));
    const now = await listInMembers(environment, [KINDS.pod], NAMESPACE, NAME);
    expect(uids(now).filter((uid) => uids(pods).includes(uid))).toEqual([]);
    for (const host of hostsOf(cr)) {
      // By this key members let each other in: nobody joins with the old one any more.
      await refused(signInAsSystem(host, before['keyfile'] ?? ''));
      await signInAsSystem(host, after['keyfile'] ?? '');
      for (const user of ['root', 'clusterAdmin', 'clusterMonitor']) {
        await refused(signIn(host, user, before[`${user}Password`] ?? ''));
        await signIn(host, user, after[`${user}Password`] ?? '');
      }
    }
    const uri = await connectionStringOf(environment.karmada, NAMESPACE, NAME);
    expect(uri).not.toBe(oldUri);
    const client = await MongoClient.connect(uri, { serverSelectionTimeoutMS: 10_000 });
    expect(await client.db('e2e').collection('written').estimatedDocumentCount()).toBeGreaterThan(0);
    await client.close();
    for (const cluster of Object.keys(now))
      await until(`the exporter in ${cluster} signs in`, 30, async () => {
        const text = await scrape(cluster);
        return /^mongodb_up(\{[^}]*\})? 1$/m.test(text) ? { answer: true } : { reason: text.slice(0, 200) };
      });
    const places = (await readEverything(environment)).filter(
      ({ where, text }) =>
        !(where.startsWith('environ of') && text.includes('MONGODB_URI=mongodb://clusterMonitor:')),
    );
    for (const secret of [
      ...names.map((name) => before[name] ?? ''),
      ...names.map((name) => after[name] ?? ''),
    ]) {
      const forms = listSecretForms(secret);
      const found = places.filter(({ text }) => forms.some((form) => text.includes(form)));
      expect(found.map(({ where }) => where)).toEqual([]);
    }
  }, 900_000);

  it('takes a new key back while both are in the file, and every member keeps the old one', async () => {
    const before = await readAuth();
    const cr = await instance.carriedOut('rotateInstance', async () => {
      await instance.patch({ metadata: { annotations: { [`${MARK}/rotate`]: 'keyfile/never-mind' } } });
      await until('the first member restarts', 120, async () => {
        const step = (await instance.read()).status?.operation?.step ?? '';
        return step.startsWith('restartMember') ? { answer: true } : { reason: step };
      });
      await instance.patch({ metadata: { annotations: { [`${MARK}/rotate`]: null } } });
    });
    expect((await readAuth())['keyfile']).toBe(before['keyfile']);
    for (const host of hostsOf(cr)) await signInAsSystem(host, before['keyfile'] ?? '');
  }, 900_000);

  it('rebuilds a secondary with an empty volume, and takes no other', async () => {
    const secondary = (await instance.read()).status?.members?.find(({ role }) => role === 'SECONDARY');
    const cluster = secondary?.cluster ?? '';
    const before = await listInMembers(environment, [KINDS.persistentVolumeClaim], NAMESPACE, NAME);
    const cr = await instance.carriedOut('rebuildInstance', () =>
      update('rebuild', { cluster, ordinal: 0, why: 'a bad disk' }),
    );
    const after = await listInMembers(environment, [KINDS.persistentVolumeClaim], NAMESPACE, NAME);
    const changed = Object.keys(before).filter(
      (one) => JSON.stringify(before[one]) !== JSON.stringify(after[one]),
    );
    expect(changed).toEqual([cluster]);
    expect(cr.status?.members?.map(({ votes }) => votes)).toEqual([1, 1, 1]);
  }, 900_000);

  it('follows the Secrets that the spec names: root and an application user', async () => {
    await writePassword('root-password', 'given-to-root-1');
    const auth = { rootPasswdSecretRef: { name: 'root-password', key: 'password' } };
    await instance.carriedOut('updateInstance', () => instance.patch({ spec: { auth } }));
    const [host = ''] = hostsOf(await instance.read());
    await signIn(host, 'root', 'given-to-root-1');
    await instance.carriedOut('updateInstance', async () => {
      await writePassword('root-password', 'given-to-root-2');
      await writePassword('app-password', 'second-of-the-application');
    });
    await until('both are set', 60, async () => {
      try {
        await signIn(host, 'root', 'given-to-root-2');
        await signIn(host, 'app', 'second-of-the-application');
        return { answer: true };
      } catch (error) {
        return { reason: String(error) };
      }
    });
    await refused(signIn(host, 'root', 'given-to-root-1'));
    expect(await connectionStringOf(environment.karmada, NAMESPACE, NAME)).toContain('given-to-root-2');
    // Whoever signed in before stays signed in.
    expect(instance.lapWriter()).toBeLessThan(10_000);
  }, 900_000);

  itHasLostNothing(() => instance.stopWriter());
});
