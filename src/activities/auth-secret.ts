import { randomBytes } from 'node:crypto';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { LABELS } from '../domain/marks';
import { authSecretName } from '../domain/names';
import type { KeyPhase, SystemUserName } from '../domain/rotation';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { readKeys } from '../mongodb/keyfile';
import type { ActivityContext } from './context';
import { readSecret } from './secret-value';

/** Keys of Secret `N-auth`. All but the first four are there only once something was rotated. */
export const PASSWORD_KEYS: Readonly<Record<SystemUserName, string>> = {
  root: 'rootPassword',
  clusterAdmin: 'clusterAdminPassword',
  clusterMonitor: 'clusterMonitorPassword',
};
export const PENDING_KEYS: Readonly<Record<SystemUserName, string>> = {
  root: 'pendingRootPassword',
  clusterAdmin: 'pendingClusterAdminPassword',
  clusterMonitor: 'pendingClusterMonitorPassword',
};
export const SYSTEM_USER_NAMES = ['root', 'clusterAdmin', 'clusterMonitor'] as const;

/**
 * Secret `N-auth`, decoded: the one record of a rotation, so that whoever goes on finds keys and progress together. Lives
 * inside one activity, never in a payload.
 */
export interface AuthSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly passwords: Readonly<Record<SystemUserName, string>>;
  /** Stored before they are set in mongod, and current afterwards. */
  readonly pending: Readonly<Partial<Record<SystemUserName, string>>>;
  /** The keys in the keyfile: the first is what every member takes from us. */
  readonly keys: readonly [string, ...string[]];
  /** The old key, until it is proved that nobody takes it any more. */
  readonly formerKey: string | undefined;
  /** `3`, while keys are changed `3+4`; undefined: never changed. Pods are made of it. */
  readonly keyfileRevision: string | undefined;
  readonly monitorRevision: string | undefined;
  /** The requests that passwords and keyfile answer. */
  readonly passwordsFor: string | undefined;
  readonly keyfileFor: string | undefined;
  readonly formerKeyfileFor: string | undefined;
}

/** @throws NotFound while it is not there, not ours, or has lost a key */
export async function readAuthSecret(
  context: Pick<ActivityContext, 'karmada'>,
  cr: MultiCloudMongoDB,
): Promise<AuthSecret> {
  const name = authSecretName(cr.metadata.name);
  const secret = await readSecret(context, cr, name);
  if (secret === undefined || secret.metadata.labels[LABELS.instanceUid] !== cr.metadata.uid) {
    throw new FedStateError('NotFound', `Secret ${namespaceOf(cr)}/${name} is not there.`);
  }
  const find = (key: string): string | undefined => {
    const encoded = secret.data[key];
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
  };
  const value = (key: string): string => {
    const found = find(key);
    if (found === undefined)
      throw new FedStateError('NotFound', `Secret ${namespaceOf(cr)}/${name} has lost its key ${key}.`);
    return found;
  };
  const pending = SYSTEM_USER_NAMES.flatMap((user): [SystemUserName, string][] => {
    const password = find(PENDING_KEYS[user]);
    return password === undefined ? [] : [[user, password]];
  });
  return {
    uid: secret.metadata.uid,
    resourceVersion: secret.metadata.resourceVersion,
    passwords: {
      root: value(PASSWORD_KEYS.root),
      clusterAdmin: value(PASSWORD_KEYS.clusterAdmin),
      clusterMonitor: value(PASSWORD_KEYS.clusterMonitor),
    },
    pending: Object.fromEntries(pending),
    keys: readKeys(value('keyfile')),
    formerKey: find('formerKey'),
    keyfileRevision: find('keyfileRevision'),
    monitorRevision: find('monitorRevision'),
    passwordsFor: find('passwordsFor'),
    keyfileFor: find('keyfileFor'),
    formerKeyfileFor: find('formerKeyfileFor'),
  };
}

export function phaseOf({ keys, formerKey }: AuthSecret): KeyPhase {
  if (keys.length > 1) return 'both';
  return formerKey === undefined ? 'one' : 'new';
}

/** What a manager reports that builds by this Secret; undefined: nothing was ever rotated. */
export function credentialsRevisionOf({
  keyfileRevision,
  monitorRevision,
}: Pick<AuthSecret, 'keyfileRevision' | 'monitorRevision'>): string | undefined {
  return keyfileRevision === undefined && monitorRevision === undefined
    ? undefined
    : `${keyfileRevision ?? '0'}/${monitorRevision ?? '0'}`;
}

/**
 * Changes keys of the very Secret that was read; null takes one away.
 * @throws FedStateError Conflict when somebody has written it meanwhile
 */
export async function editAuthSecret(
  context: Pick<ActivityContext, 'karmada'>,
  cr: MultiCloudMongoDB,
  read: AuthSecret,
  values: Readonly<Record<string, string | null | undefined>>,
): Promise<void> {
  const data = Object.entries(values).map(([key, value]): [string, string | null] => [
    key,
    value === null || value === undefined ? null : Buffer.from(value, 'utf8').toString('base64'),
  ]);
  await context.karmada.mergePatch(
    { kind: KINDS.secret, namespace: namespaceOf(cr), name: authSecretName(cr.metadata.name) },
    {
      metadata: { uid: read.uid, resourceVersion: read.resourceVersion },
      data: Object.fromEntries(data),
    },
  );
}

export const randomPassword = (): string => randomBytes(24).toString('base64url');
/** mongod wants 6 to 1024 base64 characters; 756 bytes make 1008. */
export const randomKey = (): string => randomBytes(756).toString('base64');
