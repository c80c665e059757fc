import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ownValue } from '../domain/record';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { findPasswordFault } from '../mongodb/password';
import type { Wait } from '../domain/instance';
import type { ActivityContext } from './context';
import { secretSchema, type Secret } from './pull-secret';

export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

export function readSecret(
  context: Pick<ActivityContext, 'karmada'>,
  cr: MultiCloudMongoDB,
  name: string,
): Promise<Secret | undefined> {
  return context.karmada.get({ kind: KINDS.secret, namespace: namespaceOf(cr), name }, secretSchema);
}

/**
 * The password that a field refers to, or why it cannot be had or used.
 * @returns also the version of its Secret: tells a change where no trace of the password itself may be kept
 */
export async function readPassword(
  context: Pick<ActivityContext, 'karmada'>,
  cr: MultiCloudMongoDB,
  field: string,
  { name, key }: SecretKeyRef,
): Promise<{ readonly value: string; readonly version: string } | { readonly wait: Wait }> {
  const secret = await readSecret(context, cr, name);
  const where = `${namespaceOf(cr)}/${name}`;
  const encoded = secret === undefined ? undefined : ownValue(secret.data, key);
  if (encoded === undefined || encoded === '') {
    const what =
      secret === undefined
        ? `Secret ${where} does not exist`
        : `Secret ${where} has no value under key ${key}`;
    const message = `${field}: ${what}. Create it, or correct the reference.`;
    return { wait: { code: 'SecretMissing', message } };
  }
  const value = decodeText(encoded);
  const fault =
    value === undefined ? 'it is no UTF-8 text: choose a password of text' : findPasswordFault(value);
  return value === undefined || fault !== undefined
    ? {
        wait: {
          code: 'SpecRefused',
          message: `${field}: the password in Secret ${where} under key ${key} cannot be used, as ${fault ?? ''}.`,
        },
      }
    : { value, version: `${secret?.metadata.uid ?? ''}/${secret?.metadata.resourceVersion ?? ''}` };
}

/** Undefined for bytes that are no UTF-8: replaced, they would be another password than the Secret's. */
function decodeText(encoded: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
}
