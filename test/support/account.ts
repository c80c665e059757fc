import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { kubeOf } from '../../local/stack/kubeconfig';
import { createKube, type Kube } from '../../src/kube/client';
import { KINDS, type Kind } from '../../src/kube/object';
import type { Plane } from './access-grants';

/** Under this flag a lack of rights on finalizers is refused, as it is where security is taken seriously. */
export const STRICT_OWNERS = '--enable-admission-plugins=OwnerReferencesPermissionEnforcement';

const SYSTEM_NAMESPACE = 'fedstate-system';
const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
const tokenSchema = z.looseObject({ status: z.looseObject({ token: z.string() }) });

/** Applies deploy/rbac and comes as one of its accounts: what deploy/ does not allow is refused. */
export async function signInAs(
  account: string,
  plane: Plane,
  adminKubeconfig: string,
  userAgent?: string,
): Promise<Kube> {
  const admin = kubeOf(adminKubeconfig);
  try {
    await applyRights(admin, plane);
    const answer = await admin.post(
      KINDS.serviceAccount,
      { namespace: SYSTEM_NAMESPACE, name: account, subresource: 'token' },
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } },
    );
    const config = withToken(adminKubeconfig, account, tokenSchema.parse(answer).status.token);
    return createKube(config, { userAgent });
  } finally {
    admin.transport.close();
  }
}

async function applyRights(admin: Kube, plane: Plane): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } };
  await admin.apply(KINDS.namespace, namespace, { fieldManager: 'test' });
  const text = readFileSync(join(__dirname, `../../deploy/rbac/${plane}.yaml`), 'utf8');
  for (const document of parseAllDocuments(text)) {
    const value: unknown = document.toJS();
    const { metadata, ...rest } = manifestSchema.parse(value);
    const { namespace: within, ...others } = metadata;
    const manifest = {
      ...rest,
      metadata: { ...others, ...(within === undefined ? {} : { namespace: within }) },
    };
    await admin.apply(kindOf(rest.kind), manifest, { fieldManager: 'test', force: true });
  }
}

function kindOf(kind: string): Kind {
  if (kind === 'ServiceAccount') return KINDS.serviceAccount;
  return {
    group: 'rbac.authorization.k8s.io',
    version: 'v1',
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced: !kind.startsWith('Cluster'),
  };
}

function withToken(adminKubeconfig: string, account: string, token: string): KubeConfig {
  const admin = new KubeConfig();
  admin.loadFromFile(adminKubeconfig);
  const cluster = admin.getCurrentCluster();
  if (cluster === null) throw new Error(`${adminKubeconfig} has no current context`);
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [cluster],
    users: [{ name: account, token }],
    contexts: [{ name: account, cluster: cluster.name, user: account }],
    currentContext: account,
  });
  return config;
}
