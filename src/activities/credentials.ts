import { randomBytes } from 'node:crypto';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { LABELS } from '../domain/marks';
import { authSecretName } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import { buildAuthSecret, namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { findLayoutFault, readLayout } from './layout';
import { resolveReferences } from './references';
import { readSecret } from './secret-value';

/** The credentials of an instance, decoded. Lives inside one activity, never in a payload. */
export interface InstanceCredentials {
  readonly rootPassword: string;
  readonly clusterAdminPassword: string;
  readonly clusterMonitorPassword: string;
  readonly keyfile: string;
}

/** @throws NotFound while `N-auth` is not there or not ours */
export async function readCredentials(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<InstanceCredentials> {
  const name = authSecretName(cr.metadata.name);
  const secret = await readSecret(context, cr, name);
  if (secret === undefined || secret.metadata.labels[LABELS.instanceUid] !== cr.metadata.uid) {
    throw new FedStateError('NotFound', `Secret ${namespaceOf(cr)}/${name} is not there.`);
  }
  const value = (key: string): string => {
    const encoded = secret.data[key];
    if (encoded === undefined)
      throw new FedStateError('NotFound', `Secret ${namespaceOf(cr)}/${name} has lost its key ${key}.`);
    return Buffer.from(encoded, 'base64').toString('utf8');
  };
  return {
    rootPassword: value('rootPassword'),
    clusterAdminPassword: value('clusterAdminPassword'),
    clusterMonitorPassword: value('clusterMonitorPassword'),
    keyfile: value('keyfile'),
  };
}

export function createCredentialActivities(context: ActivityContext) {
  return {
    /** Makes `N-auth` once; what is in it is never made again, so a repeated run changes nothing. */
    async prepareCredentials({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const name = authSecretName(cr.metadata.name);
      const present = await readSecret(context, cr, name);
      if (present !== undefined) {
        if (present.metadata.labels[LABELS.instanceUid] === cr.metadata.uid)
          return done(`Secret ${name} stands`);
        return waitFor({
          code: 'Conflict',
          message: `Secret ${namespaceOf(cr)}/${name} exists and is not ours: delete or rename it.`,
        });
      }
      const resolved = await resolveReferences(context, cr);
      if (!resolved.ok) return waitFor(resolved.wait);
      const layout = await readLayout(context, cr);
      if (!layout.done) return layout;
      const fault = findLayoutFault(cr, layout.value);
      if (fault !== undefined) return waitFor(fault);
      const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
      const manifest = buildAuthSecret(cr, {
        rootPassword: encode(resolved.references.rootPassword ?? randomPassword()),
        clusterAdminPassword: encode(randomPassword()),
        clusterMonitorPassword: encode(randomPassword()),
        // mongod wants 6 to 1024 base64 characters; 756 bytes make 1008.
        keyfile: encode(randomBytes(756).toString('base64')),
      });
      // A plain create: two runs at once must not give two keyfiles.
      await context.karmada.create(KINDS.secret, manifest);
      return done(`Secret ${name} made`);
    },
  };
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}
