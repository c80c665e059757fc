import { z } from 'zod';
import type { MongoDBStatus } from '../api/mongodb';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { judgeHealth, type HealthVerdict } from '../domain/health';
import { resolveImage } from '../domain/image';
import type { OperationProgress, OperationRecord } from '../domain/instance';
import { ANNOTATIONS, FIELD_MANAGER, LABELS } from '../domain/marks';
import type { ReplicaSetObservation } from '../domain/replica-set';
import { readBinding, reportsOf } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { apiVersionOf, KINDS, objectSchema } from '../kube/object';
import { findInstance, type ActivityContext, type InstanceInput } from './context';
import { askedHosts, desiredMembers, readLayout, type Layout } from './layout';
import { readPlacement } from './placement';
import { publicConnectionString } from './client-address';
import { tellMajority } from './majority-news';
import { observeInstance } from './replica-set';
import { specWarnings } from './references';
import { createRestraint } from './restraint';
import { isCreated } from './instance-marks';
import { describeElection, readElection } from './elections';
import { composeStatus } from './status-document';
import type { StatusFacts } from './status-facts';
import { composeTemplateStatus } from './template-status';
import { keepObjects } from './upkeep';

export interface ReportInput extends InstanceInput {
  /** Present while an operation is in hand; absent at rest. */
  readonly progress?: OperationProgress;
}

export interface RecordInput extends InstanceInput {
  readonly record: OperationRecord;
}

const templateSchema = objectSchema.extend({ status: z.unknown().optional() });

export function createStatusActivities(context: ActivityContext) {
  const restraint = createRestraint(() => context.now().getTime());
  return {
    /**
     * Observes and writes the whole status; writes nothing when nothing changed. At rest, first puts back what somebody
     * has taken from the instance on Karmada.
     */
    async reportStatus({ instance, progress }: ReportInput): Promise<void> {
      const cr = await findInstance(context, instance);
      if (cr === undefined) return;
      // At rest only, as in the days of a soak: an operation sees to its objects itself.
      const atRest = progress === undefined || progress.wait?.code === 'Soaking';
      const deviations = atRest ? await keepObjects(context, cr, restraint) : undefined;
      await writeStatus(context, cr, { progress: progress ?? null, deviations });
    },

    /** An operation ended: into the last ten of the status and, if it failed, an Event. */
    async recordOperation({ instance, record }: RecordInput): Promise<void> {
      const cr = await findInstance(context, instance);
      if (cr === undefined) return;
      await context.events.record(cr, {
        type: record.outcome === 'failed' ? 'Warning' : 'Normal',
        reason:
          record.outcome === 'failed'
            ? 'OperationFailed'
            : record.outcome === 'cancelled'
              ? 'OperationCancelled'
              : 'OperationSucceeded',
        action: record.kind,
        note: `${record.kind}: ${record.message ?? record.outcome} (workflow ${record.workflowId})`,
      });
      await writeStatus(context, cr, { progress: null, record });
    },
  };
}

/** The replica set as it stands, judged; undefined while no member has an address. */
export const judgeInstance = async (
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<HealthVerdict | undefined> => (await sightInstance(context, cr))?.health;

export interface InstanceSight {
  readonly layout: Layout;
  readonly observation: ReplicaSetObservation;
  readonly health: HealthVerdict;
}

/** As {@link judgeInstance}, with what it was judged by. */
export async function sightInstance(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<InstanceSight | undefined> {
  const layout = await readLayout(context, cr);
  if (!layout.done) return undefined;
  const desired = desiredMembers(cr, layout.value);
  if (desired.length === 0) return undefined;
  const observation = await observeInstance(context, cr, askedHosts(cr, layout.value));
  const { survivesAnyCluster, strayed } = layout.value;
  const placeless = new Set(strayed.map(({ cluster }) => cluster));
  const health = judgeHealth({
    desired,
    observation,
    survivesAnyCluster,
    placeless,
    isNew: !isCreated(cr),
  });
  return { layout: layout.value, observation, health };
}

interface StatusNews {
  readonly progress: OperationProgress | null;
  readonly record?: OperationRecord | undefined;
  readonly deviations?: readonly string[] | undefined;
}

async function writeStatus(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { progress, record, deviations }: StatusNews,
): Promise<void> {
  const [placement, layout, binding, health] = await Promise.all([
    readPlacement(context, cr),
    readLayout(context, cr),
    readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind),
    judgeInstance(context, cr),
  ]);
  await tellMajority(context, cr, health);
  const image = resolveImage(cr.spec.imageSetting.image, context.imageReplacements);
  const facts: StatusFacts = {
    cr,
    now: context
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z'),
    annotation: cr.metadata.annotations[ANNOTATIONS.schedulerResult],
    placement,
    reports: reportsOf(binding),
    health,
    election: await readElection(context, cr, health),
    progress,
    record,
    created:
      isCreated(cr) ||
      (progress === null && record?.kind === 'createInstance' && record.outcome === 'succeeded'),
    connectionString: health?.config === undefined ? undefined : publicConnectionString(health),
    warnings: specWarnings(cr),
    image: image.outcome === 'resolved' ? image.image : undefined,
    strayed: layout.done && isCreated(cr) ? layout.value.strayed.map(({ message }) => message) : [],
    deviations,
  };
  const status = composeStatus(facts);
  await writeTemplateStatus(context, cr, composeTemplateStatus(reportsOf(binding), health));
  if (same(cr.status, status)) return;
  await context.karmada.applyStatus(
    KINDS.multiCloudMongoDB,
    {
      apiVersion: apiVersionOf(KINDS.multiCloudMongoDB),
      kind: KINDS.multiCloudMongoDB.kind,
      metadata: { name: cr.metadata.name, namespace: namespaceOf(cr), uid: cr.metadata.uid },
      status,
    },
    { fieldManager: FIELD_MANAGER, force: true },
  );
  await tellElection(context, facts);
}

/** What the members did by themselves is told by us all the same: nobody else watches them. */
async function tellElection(context: ActivityContext, facts: StatusFacts): Promise<void> {
  const entry = describeElection(facts);
  if (entry?.kind !== 'election') return;
  const { from = '', to = '', cause = '', writeOutageSeconds } = entry;
  const outage =
    writeOutageSeconds === undefined ? 'not known for how long' : `for at most ${writeOutageSeconds} s`;
  await context.events.record(facts.cr, {
    type: 'Warning',
    reason: 'PrimaryElected',
    action: 'Election',
    note: `Primary ${to} in place of ${from}: ${cause}; writes stopped ${outage}.`,
  });
}

/** Only onto a template that stands and is this instance's: a status would otherwise be for nobody. */
async function writeTemplateStatus(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  status: MongoDBStatus | undefined,
): Promise<void> {
  if (status === undefined) return;
  const ref = { kind: KINDS.mongoDB, namespace: namespaceOf(cr), name: cr.metadata.name };
  const template = await context.karmada.get(ref, templateSchema);
  if (template?.metadata.labels[LABELS.instanceUid] !== cr.metadata.uid || same(template.status, status))
    return;
  await context.karmada.applyStatus(
    KINDS.mongoDB,
    {
      apiVersion: apiVersionOf(KINDS.mongoDB),
      kind: KINDS.mongoDB.kind,
      metadata: { name: cr.metadata.name, namespace: namespaceOf(cr), uid: template.metadata.uid },
      status,
    },
    { fieldManager: FIELD_MANAGER, force: true },
  );
}

function same(before: unknown, after: unknown): boolean {
  return JSON.stringify(sorted(before)) === JSON.stringify(sorted(after));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
