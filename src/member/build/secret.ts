import { authSecretName, generatedPullSecretName } from '../../domain/names';
import { registryServer } from '../../domain/image';
import type { Manifest } from '../../kube/object';
import { instanceLabels, type Instance } from '../instance';

/** The instance's own credentials, in clear. */
export interface Credentials {
  readonly rootPassword: string;
  readonly clusterAdminPassword: string;
  readonly clusterMonitorPassword: string;
  /** 6 to 1024 base64 characters (mongod's rule). */
  readonly keyfile: string;
}

/**
 * Local mode: fresh credentials, made once.
 * @param randomText so many random bytes as base64
 */
export function buildAuthSecret(instance: Instance, randomText: (bytes: number) => string): Manifest {
  const given = instance.spec.rootPassword;
  const credentials: Credentials = {
    rootPassword: given === undefined || given === '' ? randomText(18) : given,
    clusterAdminPassword: randomText(18),
    clusterMonitorPassword: randomText(18),
    keyfile: randomText(378),
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name: authSecretName(instance.name),
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      ownerReferences: [instance.owner],
    },
    data: encodeSecret({ ...credentials }),
  };
}

/** A pull Secret of the two values that the spec gives, for the registry that the image comes from. */
export function buildPullSecret(
  instance: Instance,
  login: { readonly username: string; readonly password: string },
  image: string,
): Manifest {
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64');
  const content = { auths: { [registryServer(image)]: { ...login, auth } } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: {
      name: generatedPullSecretName(instance.name),
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      ownerReferences: [instance.owner],
    },
    data: encodeSecret({ '.dockerconfigjson': JSON.stringify(content) }),
  };
}

/** Texts as a Secret's `data` holds them. */
export function encodeSecret(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
}
