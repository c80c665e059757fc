import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import { multiCloudMongoDBSchema } from '../../src/api/multicloudmongodb';
import { KINDS, objectSchema } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { readEverything, type Place } from '../support/everything';
import { listSecretForms } from '../support/secret-forms';
import { until } from '../support/until';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'secrets';
const NAME = 'vault';
const PASSWORDS = { root: 'r00t @:/%?#"\\ pass', app: 'äpp&=+ pass/word' } as const;
const secretSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });

/** mongodb_exporter takes its user from its environment alone, which a Secret fills: for the monitoring user that is accepted. */
const isExporter = ({ where, text }: Place): boolean =>
  where.startsWith('environ of') && text.includes('MONGODB_URI=mongodb://clusterMonitor:');

/** Places that hold a secret in whatever shape. */
function findSecret(places: readonly Place[], secret: string): string[] {
  const forms = listSecretForms(secret);
  return places.filter(({ text }) => forms.some((form) => text.includes(form))).map(({ where }) => where);
}

suite('no secret where it must not be', () => {
  let environment: Environment;
  const instance = { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: NAME };

  beforeAll(async () => {
    environment = readEnvironment();
    const { karmada } = environment;
    await karmada.apply(
      KINDS.namespace,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      { fieldManager: 'e2e' },
    );
    for (const [name, password] of Object.entries(PASSWORDS)) {
      await karmada.apply(
        KINDS.secret,
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: `${name}-password`, namespace: NAMESPACE },
          data: { password: Buffer.from(password).toString('base64') },
        },
        { fieldManager: 'e2e', force: true },
      );
    }
    await karmada.apply(
      KINDS.multiCloudMongoDB,
      {
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: 'MultiCloudMongoDB',
        metadata: { name: NAME, namespace: NAMESPACE },
        spec: {
          replicaset: 3,
          imageSetting: { image: 'mongo:4.2' },
          resource: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
          storage: { storageSize: '256Mi', whenDeleted: 'Delete' },
          export: {
            enable: true,
            resource: { requests: { cpu: '10m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
          },
          auth: { rootPasswdSecretRef: { name: 'root-password' } },
          users: [
            {
              name: 'app',
              passwordSecretRef: { name: 'app-password' },
              roles: [{ role: 'readWrite', db: 'shop' }],
            },
          ],
        },
      },
      { fieldManager: 'e2e', force: true },
    );
    await until('Health', 240, async () => {
      const { status } = (await karmada.get(instance, multiCloudMongoDBSchema)) ?? {};
      return status?.state === 'Health' && status.operation === undefined
        ? { answer: true }
        : { reason: JSON.stringify(status?.operation ?? status?.state) };
    });
  }, 300_000);

  afterAll(async () => {
    await environment.karmada.delete(instance);
    await until('gone', 180, async () =>
      (await environment.karmada.get(instance, multiCloudMongoDBSchema)) === undefined
        ? { answer: true }
        : { reason: 'still there' },
    );
    closeEnvironment(environment);
  }, 240_000);

  async function readSecrets(): Promise<Map<string, string>> {
    const ref = { kind: KINDS.secret, namespace: NAMESPACE, name: `${NAME}-auth` };
    const data = (await environment.karmada.get(ref, secretSchema))?.data ?? {};
    const decoded = Object.entries(data).map(
      ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const,
    );
    return new Map([...decoded, ['application user', PASSWORDS.app]]);
  }

  it('neither passwords nor keyfile in histories, logs, Events, resources, arguments or environments', async () => {
    const secrets = await readSecrets();
    expect([...secrets.keys()].sort()).toEqual([
      'application user',
      'clusterAdminPassword',
      'clusterMonitorPassword',
      'keyfile',
      'rootPassword',
    ]);
    expect(secrets.get('rootPassword')).toBe(PASSWORDS.root);
    const places = await readEverything(environment);
    for (const kind of [
      'history of',
      'log',
      'Event',
      'MultiCloudMongoDB',
      'StatefulSet',
      'environ',
      'cmdline',
    ]) {
      if (kind === 'log' && environment.logFolders.length === 0) continue;
      expect({ kind, seen: places.some(({ where }) => where.startsWith(kind)) }).toEqual({
        kind,
        seen: true,
      });
    }
    for (const [name, secret] of secrets) {
      const open = name === 'clusterMonitorPassword' ? places.filter((place) => !isExporter(place)) : places;
      expect({ name, in: findSecret(open, secret) }).toEqual({ name, in: [] });
    }
  }, 120_000);

  it('and the same search finds a canary in each of them', async () => {
    const canary = `canary ${randomBytes(12).toString('base64')}`;
    const { karmada, temporalAddress, logFolders } = environment;
    const connection = await Connection.connect({ address: temporalAddress });
    const handle = await new Client({ connection }).workflow.start('canary', {
      workflowId: `canary-${Date.now()}`,
      // Nobody works on this queue: the input alone is the matter.
      taskQueue: 'nobody',
      args: [{ password: Buffer.from(canary).toString('base64') }],
    });
    const log = logFolders[0] === undefined ? undefined : join(logFolders[0], 'canary.log');
    if (log !== undefined) writeFileSync(log, `mongodb://root:${encodeURIComponent(canary)}@h:1/\n`);
    await karmada.mergePatch(instance, { metadata: { annotations: { canary } } });
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 60_000)', canary], {
      env: { CANARY: canary },
      stdio: 'ignore',
    });
    try {
      const found = findSecret(await readEverything(environment), canary);
      expect(found).toEqual(
        expect.arrayContaining([
          `history of ${handle.workflowId}`,
          `MultiCloudMongoDB ${NAME} in karmada`,
          `cmdline of process ${child.pid ?? 0}`,
          `environ of process ${child.pid ?? 0}`,
          ...(log === undefined ? [] : [`log ${log}`]),
        ]),
      );
    } finally {
      child.kill('SIGKILL');
      if (log !== undefined) rmSync(log, { force: true });
      await karmada.mergePatch(instance, { metadata: { annotations: { canary: null } } });
      await handle.terminate('the search is over');
      await connection.close();
    }
  }, 120_000);
});
