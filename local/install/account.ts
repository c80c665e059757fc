import { KubeConfig } from '@kubernetes/client-node';
import { kubeconfigText } from '../stack/kubeconfig';
import { StackError } from '../stack/stack-error';
import type { Kubectl } from './kubectl';

const SYSTEM_NAMESPACE = 'fedstate-system';
// The local stack outlives a working day; a real site rotates with its own tools.
const TOKEN_LIFE = '8760h';

/** A kubeconfig of one ServiceAccount in fedstate-system, made from the administrator's. */
export async function makeAccountKubeconfig(
  kubectl: Kubectl,
  adminKubeconfig: string,
  account: string,
): Promise<string> {
  const admin = new KubeConfig();
  admin.loadFromFile(adminKubeconfig);
  const cluster = admin.getCurrentCluster();
  if (cluster?.caData === undefined) {
    throw new StackError(
      `${adminKubeconfig} names its certificate authority by file: use one with certificate-authority-data inside.`,
    );
  }
  const token = await kubectl.run([
    'create',
    'token',
    account,
    '-n',
    SYSTEM_NAMESPACE,
    '--duration',
    TOKEN_LIFE,
  ]);
  return kubeconfigText(cluster.name, cluster.server, cluster.caData, {
    // Client-node keeps credentials by user name: two clusters must not share one.
    name: `${account}-${cluster.name}`,
    credentials: { token: token.trim() },
  });
}
