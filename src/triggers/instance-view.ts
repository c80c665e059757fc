import { createHash } from 'node:crypto';
import { z } from 'zod';
import { multiCloudMongoDBSchema } from '../api/multicloudmongodb';
import { readSchedulerResult } from '../api/scheduler-result';
import { CONDITIONS, type InstanceRef, type WaitCode } from '../domain/instance';
import { ANNOTATIONS, carriedLabels, FINALIZERS, GROUP, RECORDS } from '../domain/marks';
import { metadataSchema, type Metadata } from '../kube/object';

export interface RecoveryFigures {
  readonly detectionSeconds?: number;
  readonly restoredSeconds?: number;
  readonly writeOutageSeconds?: number;
}

export interface RecoveryView extends RecoveryFigures {
  /** The same entry has the same one for as long as it is there. */
  readonly key: string;
  readonly kind: string;
  readonly outcome: string;
}

/** What the triggers must know of a MultiCloudMongoDB, also of one whose spec cannot be read. */
export interface InstanceView {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly ref: InstanceRef;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly hasFinalizer: boolean;
  /** Changes with every annotation that people or other schedulers steer by; those do not raise the generation. */
  readonly steeringDigest: string;
  readonly observedGeneration: number | undefined;
  /** Something is in hand, or its pause is not what the status says: an entity that runs may still wait for this poke. */
  readonly isUnsettled: boolean;
  readonly waitReason: string | undefined;
  readonly waitsForPlace: boolean;
  /** Clusters that hold members, or should. */
  readonly clusters: ReadonlySet<string>;
  /** Clusters that it takes to be lost. */
  readonly lostClusters: readonly string[];
  readonly trueConditions: ReadonlySet<string>;
  readonly lastFailover: RecoveryFigures | undefined;
  /** When its majority was last recovered by force, RFC 3339. */
  readonly forcedAt: string | undefined;
  /** What its ledger holds, but for entries of an operation that runs: those are not final. */
  readonly recoveries: readonly RecoveryView[];
  /** What is wrong with the spec, one line a field; undefined: nothing. */
  readonly problem: string | undefined;
}

// Status is ours, yet another version may have written it: what cannot be read counts as absent.
const statusSchema = z
  .looseObject({
    observedGeneration: z.number().optional().catch(undefined),
    operation: z
      .looseObject({
        waitReason: z.string().optional().catch(undefined),
        workflowId: z.string().optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
    conditions: z
      .array(z.looseObject({ type: z.string(), status: z.string() }))
      .default([])
      .catch([]),
    placement: z
      .looseObject({ current: sharesSchema(), preferred: sharesSchema() })
      .optional()
      .catch(undefined),
    result: sharesSchema(),
    recoveries: z
      .array(
        z.looseObject({
          kind: z.string(),
          outcome: z.string().default(''),
          workflowId: z.string().optional(),
          term: z.number().optional(),
          at: z.string().optional(),
          detectionSeconds: z.number().optional(),
          restoredSeconds: z.number().optional(),
          writeOutageSeconds: z.number().optional(),
        }),
      )
      .default([])
      .catch([]),
  })
  .default({ conditions: [], result: [], recoveries: [] })
  .catch({ conditions: [], result: [], recoveries: [] });

function sharesSchema() {
  return z
    .array(z.looseObject({ cluster: z.string() }))
    .default([])
    .catch([]);
}

const pausedSchema = z.object({ operations: z.object({ paused: z.boolean() }) });

/** Never refuses an object that has its metadata. */
export const instanceViewSchema: z.ZodType<InstanceView> = z
  .looseObject({
    apiVersion: z.string().default(`${GROUP}/v1alpha1`),
    kind: z.string().default('MultiCloudMongoDB'),
    metadata: metadataSchema,
    spec: z.unknown().optional(),
    status: z.unknown().optional(),
  })
  .transform((object): InstanceView => {
    const { metadata } = object;
    const status = statusSchema.parse(object.status);
    const waitReason = status.operation?.waitReason;
    const isScheduled = status.conditions.find(({ type }) => type === CONDITIONS.scheduled)?.status;
    return {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: {
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        deletionTimestamp: metadata.deletionTimestamp,
        labels: {},
        annotations: {},
        finalizers: metadata.finalizers,
        ownerReferences: [],
      },
      ref: { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid },
      generation: metadata.generation ?? 0,
      isDeleting: metadata.deletionTimestamp !== undefined,
      hasFinalizer: metadata.finalizers.includes(FINALIZERS.multiCloud),
      steeringDigest: digestSteering(metadata),
      observedGeneration: status.observedGeneration,
      isUnsettled: status.operation !== undefined || isPauseUnseen(metadata, object.spec, status.conditions),
      waitReason,
      waitsForPlace: waitReason === ('Unschedulable' satisfies WaitCode) || isScheduled === 'False',
      clusters: new Set(
        [
          ...(status.placement?.current ?? []),
          ...(status.placement?.preferred ?? []),
          ...status.result,
          ...scheduledShares(metadata.annotations),
        ].map(({ cluster }) => cluster),
      ),
      lostClusters: namesIn(metadata.annotations[ANNOTATIONS.lost]),
      trueConditions: new Set(
        status.conditions.flatMap((condition) => (condition.status === 'True' ? [condition.type] : [])),
      ),
      lastFailover: status.recoveries.filter(({ kind }) => kind === 'failoverInstance').map(figuresOf)[0],
      forcedAt: status.recoveries.find(
        ({ kind, outcome }) => kind === 'recoverInstance' && outcome === 'succeeded',
      )?.at,
      recoveries: status.recoveries
        .filter(({ workflowId }) => workflowId === undefined || workflowId !== status.operation?.workflowId)
        .map((one) => ({
          key: [one.kind, one.workflowId ?? one.at ?? '', one.term ?? ''].join('/'),
          kind: one.kind,
          outcome: one.outcome,
          ...figuresOf(one),
        })),
      problem: problemOf(object),
    };
  });

const figuresOf = ({
  detectionSeconds,
  restoredSeconds,
  writeOutageSeconds,
}: {
  readonly detectionSeconds?: number | undefined;
  readonly restoredSeconds?: number | undefined;
  readonly writeOutageSeconds?: number | undefined;
}): RecoveryFigures => ({
  ...(detectionSeconds === undefined ? {} : { detectionSeconds }),
  ...(restoredSeconds === undefined ? {} : { restoredSeconds }),
  ...(writeOutageSeconds === undefined ? {} : { writeOutageSeconds }),
});

/** Keys of the object that an annotation holds; none where somebody has garbled it. */
function namesIn(annotation: string | undefined): readonly string[] {
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(annotation ?? '{}'));
    return parsed.success ? Object.keys(parsed.data) : [];
  } catch {
    return [];
  }
}

/** What of the metadata asks for something: our annotations but for our own records, and the labels that are carried on. */
function digestSteering({ annotations, labels }: Metadata): string {
  const steering = Object.entries(annotations)
    .filter(
      ([key]) => key === ANNOTATIONS.schedulerResult || (key.startsWith(`${GROUP}/`) && !RECORDS.has(key)),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([steering, carriedLabels(labels)]))
    .digest('hex');
}

function isPauseUnseen(
  metadata: Metadata,
  spec: unknown,
  conditions: readonly { readonly type: string; readonly status: string }[],
): boolean {
  const inSpec = pausedSchema.safeParse(spec);
  const wanted =
    metadata.annotations[ANNOTATIONS.paused] === 'true' || (inSpec.success && inSpec.data.operations.paused);
  const told = conditions.find(({ type }) => type === CONDITIONS.paused)?.status === 'True';
  return wanted !== told;
}

function scheduledShares(
  annotations: Readonly<Record<string, string>>,
): readonly { readonly cluster: string }[] {
  const annotation = annotations[ANNOTATIONS.schedulerResult];
  if (annotation === undefined) return [];
  try {
    return readSchedulerResult(annotation).ClusterWithReplicaset;
  } catch {
    // The operation that waits for it says so; here it only places nothing.
    return [];
  }
}

function problemOf(object: unknown): string | undefined {
  const parsed = multiCloudMongoDBSchema.safeParse(object);
  if (parsed.success) return undefined;
  const lines = parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`);
  const shown = lines.slice(0, 5).join('; ');
  return lines.length > 5 ? `${shown}; and ${lines.length - 5} more` : shown;
}
