import { join } from 'node:path';
import { writeFileAtomically } from '../stack/json-file';
import { makeAccountKubeconfig } from './account';
import { createKubectl } from './kubectl';

export interface ControlPlaneInstall {
  readonly kubectl: string;
  /** Folder of the repository. */
  readonly home: string;
  /** Administrator's kubeconfig of Karmada's API server. */
  readonly kubeconfig: string;
  /** Where the controller's and worker's own kubeconfig is written. */
  readonly roleKubeconfig: string;
}

/** Namespace, definitions and rights on Karmada's API server, and a kubeconfig with exactly these rights. */
export async function installControlPlane(facts: ControlPlaneInstall): Promise<void> {
  const kubectl = createKubectl(facts.kubectl, facts.kubeconfig);
  const deploy = (...parts: string[]): string => join(facts.home, 'deploy', ...parts);
  await kubectl.apply([deploy('karmada', 'namespace.yaml'), deploy('crds'), deploy('rbac', 'karmada.yaml')]);
  const text = await makeAccountKubeconfig(kubectl, facts.kubeconfig, 'fedstate');
  writeFileAtomically(facts.roleKubeconfig, text, 0o600);
}
