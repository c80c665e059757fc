import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { KINDS, objectSchema, type Kind } from '../../src/kube/object';
import type { Kube } from '../../src/kube/client';
import { sleep } from '../stack/command';
import { waitTemporal } from '../stack/temporal-server';
import { messageOf } from '../stack/stack-error';
import { askUntil, type ChaosStack } from './chaos-stack';
import { compareInventories, listInventory, type Subject } from './inventory';
import { judgeCreation, judgeRemoval } from './judgement';
import { proveReplicaSet } from './replica-set-proof';
import {
  CHAOS_NAMESPACE,
  createSubject,
  deleteClaims,
  deleteSubject,
  isLookedAfter,
  readConnection,
} from './subject';
import type { Finding } from './row';
import type { VolleyContext } from './volley-context';

export const DATABASE_FAULT = {
  name: 'temporal-database',
  says: 'Temporal stopped, its database removed, and started again with nothing in it',
} as const;

const RETURN_SECONDS = 180;
/** Time in which an entity that took its instance for a new one would have begun to build it. */
const CALM_MS = 20_000;

/**
 * Instances at rest while Temporal forgets everything: their entities come back from the custom resources, and nothing
 * of the instances is touched. They can be removed afterwards.
 */
export async function loseTemporalDatabase(
  { stack, signal }: VolleyContext,
  image: string,
  count: number,
): Promise<Finding[]> {
  const spec = { image, whenDeleted: 'Delete' } as const;
  const lives = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const subject: Subject = { namespace: CHAOS_NAMESPACE, name: `forgotten-${index}` };
      return { subject, uid: await createSubject(stack, subject, spec) };
    }),
  );
  const created = await Promise.all(
    lives.map(({ subject, uid }) => judgeCreation(stack, subject, uid, 600, signal)),
  );
  const before = await Promise.all(lives.map(({ subject, uid }) => takeFingerprint(stack, subject, uid)));
  await stack.supervisor.stop('temporal');
  const { databaseFile } = stack.layout.temporal;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${databaseFile}${suffix}`, { force: true });
  await stack.supervisor.start('temporal');
  await waitTemporal(stack.layout);
  const struckAt = Date.now();

  const findings = await Promise.all(
    lives.map(async ({ subject, uid }, index): Promise<Finding> => {
      const problems = [...(created[index]?.problems ?? [])];
      let back: number | undefined;
      try {
        back = await askUntil('entity and health watch to come back', RETURN_SECONDS, signal, async () =>
          (await isLookedAfter(stack, subject, uid)) ? { answer: Date.now() } : { reason: 'they do not run' },
        );
        await sleep(CALM_MS);
        problems.push(...compareInventories(before[index] ?? [], await takeFingerprint(stack, subject, uid)));
        problems.push(...(await judgeCreation(stack, subject, uid, 60, signal)).problems);
      } catch (error) {
        problems.push(messageOf(error));
      }
      return {
        fault: DATABASE_FAULT.name,
        operation: 'rest',
        step: 'at rest',
        outcome: problems.length === 0 ? 'passed' : 'failed',
        problems,
        ...(back === undefined ? {} : { seconds: Math.round((back - struckAt) / 100) / 10 }),
        engine: created[index]?.engine ?? '',
        life: subject.name,
      };
    }),
  );
  for (const { subject } of lives) await deleteSubject(stack, subject);
  const removed = await Promise.all(
    lives.map(({ subject, uid }) => judgeRemoval(stack, subject, uid, spec, 600, signal)),
  );
  for (const { subject, uid } of lives) await deleteClaims(stack, subject, uid);
  return findings.map((finding, index) => {
    const left = removed[index]?.problems ?? [];
    if (left.length === 0) return finding;
    return { ...finding, outcome: 'failed', problems: [...finding.problems, ...left] };
  });
}

const touchedSchema = objectSchema.extend({
  data: z.record(z.string(), z.string()).optional(),
  status: z
    .looseObject({
      containerStatuses: z.array(z.looseObject({ name: z.string(), restartCount: z.number() })).optional(),
    })
    .optional(),
});

/** One line for everything that a touch would change: uids, generations, data, restarts, the set's configuration. */
export async function takeFingerprint(stack: ChaosStack, subject: Subject, uid: string): Promise<string[]> {
  const { uri, hosts } = await readConnection(stack, subject);
  const proof = await proveReplicaSet(uri, hosts, uid);
  const karmadaKinds = [
    ...[KINDS.mongoDB, KINDS.secret, KINDS.configMap, KINDS.service],
    ...[KINDS.propagationPolicy, KINDS.overridePolicy],
  ];
  const memberKinds = [
    KINDS.mongoDB,
    KINDS.statefulSet,
    KINDS.pod,
    KINDS.secret,
    KINDS.persistentVolumeClaim,
  ];
  const lines = await Promise.all([
    ...karmadaKinds.map((kind) => fingerprintKind(stack.karmada, 'karmada', kind, subject)),
    ...[...stack.members].flatMap(([cluster, kube]) =>
      memberKinds.map((kind) => fingerprintKind(kube, cluster, kind, subject)),
    ),
  ]);
  return [
    ...lines.flat(),
    ...(await listInventory(stack, subject)),
    `set ${proof.fingerprint}`,
    ...proof.problems,
  ].sort();
}

async function fingerprintKind(
  kube: Kube,
  where: string,
  kind: Kind,
  { namespace, name }: Subject,
): Promise<string[]> {
  const options = { namespace, labelSelector: `app.kubernetes.io/instance=${name}` };
  return (await kube.list(kind, options, touchedSchema)).items.map(({ metadata, data, status }) => {
    const content = createHash('sha256')
      .update(JSON.stringify(data ?? {}))
      .digest('hex')
      .slice(0, 12);
    const restarts = (status?.containerStatuses ?? [])
      .map((one) => `${one.name} ${one.restartCount}`)
      .join(', ');
    const generation = metadata.generation ?? 0;
    return `${where} ${kind.kind} ${metadata.name} uid ${metadata.uid} generation ${generation} data ${content} restarts ${restarts}`;
  });
}
