import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { authSecretName } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import { buildAuthSecret, namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { randomKey, randomPassword, readAuthSecret } from './auth-secret';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { findLayoutFault, readLayout } from './layout';
import { resolveReferences } from './references';
import { readSecret } from './secret-value';

/** The credentials of an instance, decoded. Lives inside one activity, never in a payload. */
export interface InstanceCredentials {
  readonly rootPassword: string;
  readonly clusterAdminPassword: string;
  readonly clusterMonitorPassword: string;
  /** The key that every member takes, whatever phase of a rotation it is in. */
  readonly keyfile: string;
  /** New passwords are being set: for a moment either may hold. */
  readonly changing: boolean;
}

/** @throws NotFound while `N-auth` is not there or not ours */
export async function readCredentials(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<InstanceCredentials> {
  const { passwords, keys, pending } = await readAuthSecret(context, cr);
  return {
    rootPassword: passwords.root,
    clusterAdminPassword: passwords.clusterAdmin,
    clusterMonitorPassword: passwords.clusterMonitor,
    keyfile: keys[0],
    changing: Object.keys(pending).length > 0,
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
      const request = cr.metadata.annotations[ANNOTATIONS.rotate];
      const manifest = buildAuthSecret(cr, {
        rootPassword: encode(resolved.references.rootPassword ?? randomPassword()),
        clusterAdminPassword: encode(randomPassword()),
        clusterMonitorPassword: encode(randomPassword()),
        keyfile: encode(randomKey()),
        // A rotation that is asked for from the beginning has nothing to change.
        ...(request === undefined ? {} : { passwordsFor: encode(request), keyfileFor: encode(request) }),
      });
      // A plain create: two runs at once must not give two keyfiles.
      await context.karmada.create(KINDS.secret, manifest);
      return done(`Secret ${name} made`);
    },
  };
}
