import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FIELD_MANAGER, LABELS } from '../domain/marks';
import { connectionSecretName, REPLICA_SET_NAME } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import { instanceLabels, namespaceOf, ownerOf } from '../karmada/template';
import { KINDS, type Manifest } from '../kube/object';
import { buildConnectionString } from '../mongodb/connection-string';
import { clientHosts } from './client-address';
import type { ActivityContext } from './context';
import { readCredentials } from './credentials';
import { readSecret } from './secret-value';
import { judgeInstance } from './status';

/** Writes Secret `N-connection` for clients, beside the custom resource; it never leaves Karmada. */
export async function publishConnection(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<string>> {
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
