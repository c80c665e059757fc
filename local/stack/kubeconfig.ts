import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { createKube, type Kube } from '../../src/kube/client';
import { writeFileAtomically } from './json-file';
import type { ClusterLayout } from './layout';
import type { Pki } from './pki';

/** Text of a kubeconfig of system:masters, with all certificates inside, so that it can be copied away. */
export function adminKubeconfig(cluster: ClusterLayout, pki: Pki): string {
  const inline = (file: string): string => readFileSync(file).toString('base64');
  return kubeconfigText(cluster.name, cluster.apiUrl, inline(pki.caFile), {
    name: 'admin',
    credentials: {
      'client-certificate-data': inline(pki.adminCertFile),
      'client-key-data': inline(pki.adminKeyFile),
    },
  });
}

export interface KubeconfigUser {
  readonly name: string;
  readonly credentials: Readonly<Record<string, string>>;
}

/** @param caData certificate authority, base64 of PEM */
export function kubeconfigText(
  cluster: string,
  server: string,
  caData: string,
  user: KubeconfigUser,
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': caData } }],
    users: [{ name: user.name, user: user.credentials }],
    contexts: [{ name: cluster, context: { cluster, user: user.name } }],
    'current-context': cluster,
  });
}

export function writeKubeconfig(cluster: ClusterLayout, pki: Pki): void {
  writeFileAtomically(cluster.kubeconfig, adminKubeconfig(cluster, pki), 0o600);
}

/** Client of the cluster that a kubeconfig file leads to. */
export function kubeOf(kubeconfig: string): Kube {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return createKube(config);
}
