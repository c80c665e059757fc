import { z } from 'zod';
import { FIELD_MANAGER, LABELS, MANAGED_BY } from '../domain/marks';
import { KINDS, metadataSchema } from '../kube/object';
import type { ActivityContext } from './context';

/** Room promised to an instance whose members do not run yet. */
export interface RoomPromise {
  readonly uid: string;
  readonly items: readonly {
    readonly cluster: string;
    readonly cpuMillis: number;
    readonly memoryBytes: number;
  }[];
}

const LEDGER = 'fedstate-room';

const ledgerSchema = z.looseObject({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
});
const itemsSchema = z.array(
  z.object({ cluster: z.string(), cpuMillis: z.number(), memoryBytes: z.number() }),
);

const refOf = (context: ActivityContext) => ({
  kind: KINDS.configMap,
  namespace: context.systemNamespace,
  name: LEDGER,
});

/** All promises and the version they were read at; the version is what makes two decisions at once impossible. */
export async function readLedger(
  context: ActivityContext,
): Promise<{ version: string | undefined; promises: RoomPromise[] }> {
  const ledger = await context.karmada.get(refOf(context), ledgerSchema);
  if (ledger === undefined) return { version: undefined, promises: [] };
  const promises = Object.entries(ledger.data).flatMap(([uid, text]): RoomPromise[] => {
    const parsed = itemsSchema.safeParse(readJson(text));
    return parsed.success ? [{ uid, items: parsed.data }] : [];
  });
  return { version: ledger.metadata.resourceVersion, promises };
}

/** Undefined for what a person may have written there: it promises nothing, and must not stop everybody else. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param version as read; undefined: there was no ledger
 * @throws Conflict when the ledger has changed since: decide again
 */
export async function writePromise(
  context: ActivityContext,
  version: string | undefined,
  promise: RoomPromise,
): Promise<void> {
  if (version === undefined) return makeLedger(context, promise);
  await context.karmada.mergePatch(refOf(context), {
    metadata: { resourceVersion: version },
    data: { [promise.uid]: promise.items.length === 0 ? null : JSON.stringify(promise.items) },
  });
}

/** Its members run, or it is gone: their room shows on the nodes by itself. */
export async function dropPromises(context: ActivityContext, uids: readonly string[]): Promise<void> {
  if (uids.length === 0) return;
  const ledger = await context.karmada.get(refOf(context), ledgerSchema);
  const present = uids.filter((uid) => ledger?.data[uid] !== undefined);
  if (present.length === 0) return;
  await context.karmada.mergePatch(refOf(context), {
    data: Object.fromEntries(present.map((uid) => [uid, null])),
  });
}

async function makeLedger(context: ActivityContext, promise: RoomPromise): Promise<void> {
  await context.karmada.create(KINDS.configMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: LEDGER,
      namespace: context.systemNamespace,
      labels: { [LABELS.managedBy]: MANAGED_BY, 'app.kubernetes.io/component': FIELD_MANAGER },
    },
    data: { [promise.uid]: JSON.stringify(promise.items) },
  });
}
