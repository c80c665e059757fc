import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';
import { KINDS, objectSchema } from '../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import {
  awaitGone,
  awaitHealth,
  createInstance,
  ensureNamespace,
  instanceRef,
  listHolders,
  listInMembers,
  listOwn,
  removeInstance,
  withDatabase,
} from '../support/instances';
import { findProgram } from '../support/programs';
import { until } from '../support/until';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'removal';
const GUIDE = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
const EVERYTHING = [
  KINDS.mongoDB,
  KINDS.statefulSet,
  KINDS.pod,
  KINDS.service,
  KINDS.configMap,
  KINDS.secret,
] as const;
const ON_KARMADA = [
  KINDS.mongoDB,
  KINDS.service,
  KINDS.configMap,
  KINDS.secret,
  KINDS.propagationPolicy,
  KINDS.overridePolicy,
] as const;
const workSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    preserveResourcesOnDeletion: z.boolean().optional(),
    workload: z.looseObject({ manifests: z.array(z.unknown()).default([]) }),
  }),
});

suite('removal', () => {
  let environment: Environment;
  const { stringify } = JSON;

  const write = (name: string, _id: string): Promise<unknown> =>
    withDatabase(environment.karmada, NAMESPACE, name, (database) =>
      database.collection<{ _id: string }>('orders').insertOne({ _id }, { writeConcern: { w: 'majority' } }),
    );
  const count = (name: string): Promise<number> =>
    withDatabase(environment.karmada, NAMESPACE, name, (database) =>
      database.collection('orders').countDocuments(),
    );
  const claims = (name: string) => listInMembers(environment, [KINDS.persistentVolumeClaim], NAMESPACE, name);
  const flat = (found: Record<string, Record<string, string>>): string[] =>
    Object.entries(found).flatMap(([cluster, objects]) =>
      Object.keys(objects).map((one) => `${cluster}: ${one}`),
    );

  beforeAll(async () => {
    environment = readEnvironment();
    const { karmada } = environment;
    await ensureNamespace(karmada, NAMESPACE);
    await createInstance(karmada, NAMESPACE, 'whole');
    for (const name of ['kept', 'forced'])
      await createInstance(karmada, NAMESPACE, name, {
        replicaset: 1,
        storage: { storageSize: '256Mi', whenDeleted: 'Retain' },
      });
    await Promise.all(['whole', 'kept', 'forced'].map((name) => awaitHealth(karmada, NAMESPACE, name)));
  }, 600_000);

  afterAll(() => closeEnvironment(environment));

  it('takes everything away, volumes as asked for, and the next of that name starts with nothing', async () => {
    const { karmada } = environment;
    await Promise.all(['whole', 'kept'].map((name) => write(name, 'before')));
    const keptClaims = await claims('kept');
    expect(flat(await claims('whole'))).toHaveLength(3);
    expect(flat(keptClaims)).toHaveLength(1);
    await Promise.all(['whole', 'kept'].map((name) => removeInstance(karmada, NAMESPACE, name)));
    for (const name of ['whole', 'kept']) {
      expect([...(await listOwn(karmada, ON_KARMADA, NAMESPACE, name)).keys()]).toEqual([]);
      expect(flat(await listInMembers(environment, EVERYTHING, NAMESPACE, name))).toEqual([]);
    }
    // A claim goes when its pod is gone, which the volume controller sees a moment later.
    await until('the claims of whole gone', 30, async () => {
      const left = flat(await claims('whole'));
      return left.length === 0 ? { answer: true } : { reason: stringify(left) };
    });
    expect(await claims('kept')).toEqual(keptClaims);

    await createInstance(karmada, NAMESPACE, 'whole', { replicaset: 1 });
    await createInstance(karmada, NAMESPACE, 'kept', { replicaset: 1 });
    await Promise.all(['whole', 'kept'].map((name) => awaitHealth(karmada, NAMESPACE, name)));
    expect(await Promise.all(['whole', 'kept'].map(count))).toEqual([0, 0]);
    expect(flat(await claims('kept'))).toHaveLength(2);
    await Promise.all(['whole', 'kept'].map((name) => removeInstance(karmada, NAMESPACE, name)));
    expect(await claims('kept')).toEqual(keptClaims);
  }, 600_000);

  it('by force leaves members and data alone, and the guide says how to clear them', async () => {
    const { karmada } = environment;
    await write('forced', 'before');
    const before = await listHolders(environment, NAMESPACE, 'forced');
    expect(flat(before)).toHaveLength(3);
    const ref = instanceRef(NAMESPACE, 'forced');
    const cr = await karmada.get(ref, objectSchema);
    const uid = cr?.metadata.uid ?? '';
    await karmada.mergePatch(ref, { metadata: { finalizers: [] } });
    await karmada.delete(ref);
    await awaitGone(karmada, NAMESPACE, 'forced', 30);
    // Longer than garbage collectors and Karmada need to act on what they see.
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    expect(await listHolders(environment, NAMESPACE, 'forced')).toEqual(before);
    const kept = await listOwn(karmada, ON_KARMADA, NAMESPACE, 'forced');
    expect([...kept.keys()]).toEqual(
      expect.arrayContaining(['MongoDB forced', 'PropagationPolicy forced', 'OverridePolicy forced']),
    );

    await createInstance(karmada, NAMESPACE, 'forced', { replicaset: 1 });
    await until('Conflict', 60, async () => {
      const { status } =
        (await karmada.get(ref, z.looseObject({ status: z.looseObject({}).optional() }))) ?? {};
      return stringify(status ?? {}).includes('"waitReason":"Conflict"')
        ? { answer: true }
        : { reason: stringify(status ?? {}) };
    });
    expect(await listHolders(environment, NAMESPACE, 'forced')).toEqual(before);
    await removeInstance(karmada, NAMESPACE, 'forced');
    expect(await listHolders(environment, NAMESPACE, 'forced')).toEqual(before);

    await followGuide(uid);
    expect([...(await listOwn(karmada, ON_KARMADA, NAMESPACE, 'forced')).keys()]).toEqual([]);
    await until('members clear', 60, async () => {
      const left = flat(await listInMembers(environment, EVERYTHING, NAMESPACE, 'forced'));
      return left.length === 0 ? { answer: true } : { reason: stringify(left) };
    });
    expect(flat(await claims('forced'))).toHaveLength(1);
  }, 600_000);

  /** Carries out the guide's own lines; where it says to wait, waits for what it names. */
  async function followGuide(uid: string): Promise<void> {
    const section = GUIDE.slice(GUIDE.indexOf('## A custom resource that was removed by force'));
    const block = /```sh\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
    const lines = block
      .replaceAll('\\\n', ' ')
      .replaceAll('NAMESPACE', NAMESPACE)
      .replaceAll('UID', uid)
      .split('\n')
      .filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(6);
    const [own = '', ...commands] = lines;
    for (const command of commands) {
      if (command.includes('# wait: false')) await awaitWorks(uid, (works) => works.every((kept) => !kept));
      else if (command.includes('# wait until')) await awaitWorks(uid, (works) => works.length === 0);
      else runShell(`${own}\n${command}`);
    }
  }

  async function awaitWorks(uid: string, holds: (preserved: readonly boolean[]) => boolean): Promise<void> {
    await until('the Works', 60, async () => {
      const { items } = await environment.karmada.list(KINDS.work, {}, workSchema);
      const own = items.filter(({ spec }) => stringify(spec.workload).includes(uid));
      const preserved = own.map(({ spec }) => spec.preserveResourcesOnDeletion === true);
      return holds(preserved)
        ? { answer: true }
        : { reason: stringify(own.map(({ metadata }) => metadata.name)) };
    });
  }

  function runShell(script: string): void {
    const kubectl = findProgram('kubectl') ?? 'kubectl';
    execFileSync('bash', ['-euc', script], {
      env: {
        ...process.env,
        PATH: `${dirname(kubectl)}${delimiter}${process.env['PATH'] ?? ''}`,
        KUBECONFIG: environment.karmadaKubeconfig,
      },
    });
  }
});
