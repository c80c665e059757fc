import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { KINDS, objectSchema } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { until } from '../support/until';

const missing =
  missingEnvironment() ??
  (readEnvironment().killCommand === undefined ? 'no command to kill with' : undefined);
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'kill';
const STAGES = ['schedule', 'dispatch', 'wait for members', 'build replica set', 'verify'] as const;
const SEED = Number(process.env['FEDSTATE_SEED'] ?? Math.floor(Math.random() * 1000));
const VICTIMS = ['worker', 'controller', 'member'] as const;

const run = promisify(execFile);

async function kill(environment: Environment, victim: (typeof VICTIMS)[number]): Promise<void> {
  if (victim !== 'member') {
    const [command = '', ...args] = environment.killCommand ?? [];
    await run(command, [...args, victim]);
    return;
  }
  // Grace 0 is SIGKILL for the manager of every member at once.
  for (const kube of environment.members.values()) {
    const managers = await kube.list(
      KINDS.pod,
      { namespace: 'fedstate-system', labelSelector: 'app.kubernetes.io/component=member' },
      objectSchema,
    );
    for (const pod of managers.items) {
      await kube.delete(
        { kind: KINDS.pod, namespace: 'fedstate-system', name: pod.metadata.name },
        { gracePeriodSeconds: 0 },
      );
    }
  }
}

suite(`kill -9 during a creation (seed ${SEED})`, () => {
  let environment: Environment;

  const refOf = (name: string) => ({ kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name });
  const read = (name: string): Promise<MultiCloudMongoDB | undefined> =>
    environment.karmada.get(refOf(name), multiCloudMongoDBSchema);

  beforeAll(async () => {
    environment = readEnvironment();
    await environment.karmada.apply(
      KINDS.namespace,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      { fieldManager: 'e2e' },
    );
  });

  afterAll(() => closeEnvironment(environment));

  it.each(
    VICTIMS.map(
      (victim, index) => [victim, STAGES[(SEED + index * 7) % STAGES.length] ?? 'dispatch'] as const,
    ),
  )(
    '%s, at "%s": healthy in the end, one replica set, no object twice',
    async (victim, stage) => {
      const name = `kill-${victim}`;
      await environment.karmada.create(KINDS.multiCloudMongoDB, {
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: 'MultiCloudMongoDB',
        metadata: { name, namespace: NAMESPACE },
        spec: {
          replicaset: 3,
          imageSetting: { image: 'mongo:4.2' },
          resource: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
          storage: { storageSize: '256Mi', whenDeleted: 'Delete' },
        },
      });
      await until(`stage ${stage} or later`, 120, async () => {
        const step = (await read(name))?.status?.operation?.step;
        const reached = STAGES.findIndex((one) => one === step) >= STAGES.indexOf(stage);
        return reached ? { answer: true } : { reason: step ?? 'none' };
      });
      await kill(environment, victim);
      const cr = await until('Health', 240, async () => {
        const now = await read(name);
        return now?.status?.state === 'Health' && now.status.operation === undefined
          ? { answer: now }
          : { reason: JSON.stringify(now?.status?.operation ?? now?.status?.state) };
      });
      const roles = (cr.status?.members ?? []).map((member) => member.role).sort();
      expect(roles).toEqual(['PRIMARY', 'SECONDARY', 'SECONDARY']);
      const own = { namespace: NAMESPACE, labelSelector: `app.kubernetes.io/instance=${name}` };
      const counts = await Promise.all(
        [...environment.members.values()].map(
          async (kube) => (await kube.list(KINDS.statefulSet, own, objectSchema)).items.length,
        ),
      );
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
      const secretSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });
      const secrets = (await environment.karmada.list(KINDS.secret, own, secretSchema)).items;
      expect(secrets.map((secret) => secret.metadata.name).sort()).toEqual([
        `${name}-auth`,
        `${name}-connection`,
      ]);

      await environment.karmada.delete(refOf(name));
      await until('gone', 180, async () =>
        (await read(name)) === undefined ? { answer: true } : { reason: 'still there' },
      );
    },
    600_000,
  );
});
