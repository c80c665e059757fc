import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { ANNOTATIONS, FIELD_MANAGER } from '../domain/marks';
import { hostConfName } from '../domain/names';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema, type ObjectRef } from '../kube/object';
import type { ActivityContext } from './context';
import { copyFromMember, portOfService, withPort } from './copy-back';
import { findDeviations, type Deviation } from './drift';
import { isCreated, isPaused, isSettled } from './instance-marks';
import { digestVips, readLayout } from './layout';
import { hasOnlyToSoak } from './soak';
import type { Restraint } from './restraint';

const anySchema = z.looseObject({ metadata: metadataSchema });

/**
 * Puts back what of a created instance somebody has deleted or changed on Karmada. Members hold still meanwhile: they
 * were released, or their count is missing.
 * @returns a sentence for each object that is still not as it was made; undefined for an instance that is not made yet
 */
export async function keepObjects(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  restraint: Restraint,
): Promise<string[] | undefined> {
  if (!isCreated(cr)) return undefined;
  const first = await readDeviations(context, cr);
  if (first.length === 0) return [];
  if (isPaused(cr)) return first.map((deviation) => describe(deviation, 'the instance is paused'));
  const left = new Map<string, string>();
  const restored: string[] = [];
  const restoreAll = async (deviations: readonly Deviation[]): Promise<void> => {
    for (const deviation of deviations) {
      const key = keyOf(deviation);
      const why = restraint.mayAct(`${cr.metadata.uid}/${key}`)
        ? await restore(context, cr, deviation)
        : 'it was put back several times, and somebody undoes it: see its managedFields';
      if (why === undefined) restored.push(`${key} (${deviation.what})`);
      else left.set(key, describe(deviation, why));
    }
  };
  await restoreAll(first.filter((deviation) => !isLate(cr, deviation)));
  // By now the Services have their ports, which the record of hosts is made of.
  const second = await readDeviations(context, cr);
  await restoreAll(second.filter((deviation) => isLate(cr, deviation)));
  if (restored.length > 0) {
    await context.events.record(cr, {
      type: 'Warning',
      reason: 'Restored',
      action: 'Restore',
      note: `Deleted or changed on Karmada by somebody, and put back: ${restored.join(', ')}.`,
    });
  }
  return [...left.values()];
}

/** Empty for an instance that is being made or removed: its operation sees to its objects. */
export async function readDeviations(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Deviation[]> {
  // A change that is under way dispatches by itself, step by step: what it has ordered is no deviation.
  const isStill = isSettled(cr) || hasOnlyToSoak(cr);
  const atRest = isCreated(cr) && isStill && cr.metadata.deletionTimestamp === undefined;
  if (!atRest) return [];
  const layout = await readLayout(context, cr);
  const isMoved = layout.done && !isSettled(cr, digestVips(layout.value.shares)) && isSettled(cr);
  return layout.done && !isMoved ? findDeviations(context, cr, layout.value) : [];
}

export const keyOf = ({ kind, name }: Deviation): string => `${kind.kind} ${name}`;

const describe = (deviation: Deviation, why: string): string =>
  `${keyOf(deviation)} is ${deviation.what} on Karmada and was not put back: ${why}`;

const isLate = (cr: MultiCloudMongoDB, { kind, name }: Deviation): boolean =>
  kind === KINDS.mongoDB || (kind === KINDS.configMap && name === hostConfName(cr.metadata.name));

/** @returns why it could not be done */
async function restore(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  deviation: Deviation,
): Promise<string | undefined> {
  const { kind, name, what, remedy } = deviation;
  if (remedy.kind === 'none') return remedy.why;
  const ref = { kind, namespace: namespaceOf(cr), name };
  if (what === 'gone' && (await isForeign(context, cr, ref))) return 'another object has taken its place';
  try {
    switch (remedy.kind) {
      case 'strip':
        await strip(context, ref, remedy.surplus);
        return undefined;
      case 'copyBack': {
        const manifest = await copyFromMember(context, cr, ref);
        if (manifest === undefined) return 'no cluster that answers has a copy of it';
        await context.karmada.apply(kind, manifest, { fieldManager: FIELD_MANAGER, force: true });
        return undefined;
      }
      case 'apply': {
        const { manifest, surplus = [] } = remedy;
        const port = kind === KINDS.service && what === 'gone' ? await portOfService(context, cr, ref) : null;
        if (port === undefined)
          return 'no cluster that answers tells the NodePort that its members are known by';
        const whole = port === null ? manifest : withPort(manifest, port);
        await context.karmada.apply(kind, whole, { fieldManager: FIELD_MANAGER, force: true });
        if (surplus.length > 0) await strip(context, ref, surplus);
        return undefined;
      }
    }
  } catch (error) {
    if (isFedStateError(error, 'InvalidSpec') || isFedStateError(error, 'Conflict')) return error.message;
    throw error;
  }
}

/** Others own these fields, so that no apply of ours takes them away. */
async function strip(context: ActivityContext, ref: ObjectRef, fields: readonly string[]): Promise<void> {
  await context.karmada.mergePatch(ref, { spec: Object.fromEntries(fields.map((field) => [field, null])) });
}

/** Ours by its label, its owner or its annotation; a label alone may have been taken off. */
async function isForeign(context: ActivityContext, cr: MultiCloudMongoDB, ref: ObjectRef): Promise<boolean> {
  const metadata = (await context.karmada.get(ref, anySchema))?.metadata;
  if (metadata === undefined) return false;
  const { uid } = cr.metadata;
  const isOurs =
    metadata.ownerReferences.some((owner) => owner.uid === uid) ||
    metadata.annotations[ANNOTATIONS.instanceUid] === uid;
  return !isOurs;
}
