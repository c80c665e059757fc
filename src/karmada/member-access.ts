import { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { FedStateError } from '../domain/errors';
import { createKube, type Kube } from '../kube/client';
import { KINDS, metadataSchema } from '../kube/object';

/** How the control plane reaches a member's API server, always as its own user. */
export interface MemberAccess {
  /** @throws NotFound when neither the proxy nor a kubeconfig Secret leads there. */
  kubeOf(cluster: string): Promise<Kube>;
}

const kubeconfigSecretSchema = z.looseObject({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
});

export const memberSecretName = (cluster: string): string => `fedstate-member-${cluster}`;
export const clusterProxyPath = (cluster: string): string =>
  `/apis/cluster.karmada.io/v1alpha1/clusters/${encodeURIComponent(cluster)}/proxy`;

/**
 * A kubeconfig Secret `fedstate-member-<cluster>` (key `kubeconfig`) in `systemNamespace` wins; without one Karmada's
 * cluster proxy is used. Never Karmada's own cluster-admin Secrets.
 */
export function createMemberAccess(
  karmada: Kube,
  karmadaConfig: KubeConfig,
  systemNamespace: string,
  userAgent?: string,
): MemberAccess {
  const known = new Map<string, { version: string; kube: Kube }>();

  return {
    async kubeOf(cluster) {
      const ref = { kind: KINDS.secret, namespace: systemNamespace, name: memberSecretName(cluster) };
      const secret = await karmada.get(ref, kubeconfigSecretSchema);
      const version = secret?.metadata.resourceVersion ?? 'proxy';
      const cached = known.get(cluster);
      if (cached?.version === version) return cached.kube;
      const kube = secret === undefined ? viaProxy(cluster) : viaSecret(secret, cluster);
      cached?.kube.transport.close();
      known.set(cluster, { version, kube });
      return kube;
    },
  };

  function viaProxy(cluster: string): Kube {
    return createKube(karmadaConfig, { basePath: clusterProxyPath(cluster), userAgent });
  }

  function viaSecret(secret: z.infer<typeof kubeconfigSecretSchema>, cluster: string): Kube {
    const encoded = secret.data['kubeconfig'];
    if (encoded === undefined) {
      throw new FedStateError(
        'InvalidSpec',
        `Secret ${systemNamespace}/${memberSecretName(cluster)} has no key "kubeconfig": add it or delete the Secret.`,
        { cluster },
      );
    }
    const config = new KubeConfig();
    config.loadFromString(Buffer.from(encoded, 'base64').toString('utf8'));
    return createKube(config, { userAgent });
  }
}
