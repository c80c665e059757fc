import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS, FIELD_MANAGER, LABELS } from '../domain/marks';
import { connectionSecretName, REPLICA_SET_NAME } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import { readBinding, reportsOf } from '../karmada/binding';
import { instanceLabels, namespaceOf, ownerOf } from '../karmada/template';
import { KINDS, type Manifest } from '../kube/object';
import { buildConnectionString } from '../mongodb/connection-string';
import { readChange } from './change-plan';
import { clientHosts } from './client-address';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { readCredentials } from './credentials';
import { appliedGeneration, describeWish, isBehind } from './instance-marks';
import { fencedClusters } from './loss-marks';
import { digestReferences, resolveReferences } from './references';
import { readSecret } from './secret-value';
import { judgeInstance } from './status';

export function createPublicationActivities(context: ActivityContext) {
  return {
    /** Writes Secret `N-connection` for clients, beside the custom resource; it never leaves Karmada. */
    async publishConnection({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const health = await judgeInstance(context, cr);
      if (health?.config === undefined)
        return waitFor({
          code: 'ReplicaSet',
          message: 'The replica set has no configuration to publish yet.',
        });
      const name = connectionSecretName(cr.metadata.name);
      const present = await readSecret(context, cr, name);
      if (present !== undefined && present.metadata.labels[LABELS.instanceUid] !== cr.metadata.uid) {
        return waitFor({
          code: 'Conflict',
          message: `Secret ${namespaceOf(cr)}/${name} exists and is not ours: delete or rename it.`,
        });
      }
      const { rootPassword } = await readCredentials(context, cr);
      const hosts = clientHosts(health);
      const manifest = buildConnectionSecret(cr, {
        connectionString: buildConnectionString({
          hosts,
          setName: REPLICA_SET_NAME,
          user: { name: 'root', password: rootPassword },
        }),
        hosts: hosts.join(','),
        replicaSet: REPLICA_SET_NAME,
        username: 'root',
        password: rootPassword,
      });
      await context.karmada.apply(KINDS.secret, manifest, { fieldManager: FIELD_MANAGER, force: true });
      return done(`Secret ${name}: ${hosts.length} hosts`);
    },

    /** The creation's proof: healthy as promised, or the reason why not yet. */
    async verifyInstance({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const health = await judgeInstance(context, cr);
      if (health?.word !== 'Health') {
        return waitFor({
          code: 'ReplicaSet',
          message: health === undefined ? 'No member has an address yet.' : health.reasons.join('; '),
        });
      }
      if (isBehind(cr)) {
        return waitFor({
          code: 'Dispatching',
          message: `The spec changed while the instance was created (generation ${appliedGeneration(cr)} was dispatched, ${cr.metadata.generation ?? 0} is asked for): it is dispatched again.`,
        });
      }
      const unsettled = await listUnsettled(context, cr);
      if (unsettled.length > 0) return waitFor({ code: 'MembersNotReady', message: unsettled.join('; ') });
      const resolved = await resolveReferences(context, cr);
      if (!resolved.ok) return waitFor(resolved.wait);
      await annotateInstance(context, cr, {
        [ANNOTATIONS.created]: cr.metadata.uid,
        [ANNOTATIONS.settled]: describeWish(cr, digestReferences(resolved.references)),
      });
      return done(`Health; primary ${health.primaryHost ?? 'unknown'}, may lose ${health.margin}`);
    },

    /**
     * The proof of a change: nothing is left of the wish, the set serves, and the wish is recorded as carried out. A
     * set that could lose less than promised ends it all the same, with the reason: what is missing is not this change.
     */
    async settleChange({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const change = await readChange(context, cr, undefined);
      if (!change.done) return change;
      const { plan, references } = change.value;
      const [next] = plan.steps;
      if (next !== undefined) {
        return waitFor({
          code: 'Dispatching',
          message: `Something changed while the plan was carried out, it is planned again: ${next.effect}.`,
        });
      }
      const health = await judgeInstance(context, cr);
      if (health === undefined || health.word === 'UnHealth' || health.word === 'UnKnown') {
        return waitFor({
          code: 'ReplicaSet',
          message: health?.reasons.join('; ') ?? 'No member has an address.',
        });
      }
      const unsettled = await listUnsettled(context, cr);
      if (unsettled.length > 0) return waitFor({ code: 'MembersNotReady', message: unsettled.join('; ') });
      await annotateInstance(context, cr, {
        [ANNOTATIONS.settled]: describeWish(cr, digestReferences(references)),
        [ANNOTATIONS.approve]: null,
      });
      const reasons = health.reasons.length === 0 ? '' : ` (${health.reasons.join('; ')})`;
      return done(`${health.word}${reasons}; primary ${health.primaryHost ?? 'unknown'}`);
    },
  };
}

/** Clusters whose member manager does not call its part `Running` yet, and why. */
async function listUnsettled(context: ActivityContext, cr: MultiCloudMongoDB): Promise<string[]> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const fenced = fencedClusters(cr);
  return [...reportsOf(binding).values()].flatMap(({ cluster, status }) =>
    status?.state === 'Running' || fenced.includes(cluster)
      ? []
      : [`${cluster}: ${status?.waitingFor ?? status?.state ?? 'no report yet'}`],
  );
}

function buildConnectionSecret(cr: MultiCloudMongoDB, values: Readonly<Record<string, string>>): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name: connectionSecretName(cr.metadata.name),
      namespace: namespaceOf(cr),
      labels: instanceLabels(cr),
      ownerReferences: [ownerOf(cr)],
    },
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
    ),
  };
}
