import { join } from 'node:path';
import { writeFileAtomically } from '../stack/json-file';
import { makeAccountKubeconfig } from './account';
import { createKubectl } from './kubectl';

/** Roles that speak to Karmada's API server, each as its own ServiceAccount. */
export type ControlRole = 'controller' | 'worker';

export const accountOf = (role: ControlRole): string => `fedstate-${role}`;

/** Where each role's own kubeconfig lies. */
export type RoleKubeconfigs = Readonly<Record<ControlRole, string>>;

export function roleKubeconfigsIn(stackRoot: string): RoleKubeconfigs {
  const at = (role: ControlRole): string => join(stackRoot, 'kube', `${accountOf(role)}.kubeconfig`);
  return { controller: at('controller'), worker: at('worker') };
}

export interface ControlPlaneInstall {
  readonly kubectl: string;
  /** Folder of the repository. */
  readonly home: string;
  /** Administrator's kubeconfig of Karmada's API server. */
  readonly kubeconfig: string;
  /** Where the roles' own kubeconfigs are written. */
  readonly roleKubeconfigs: RoleKubeconfigs;
}

/** Namespace, definitions and rights on Karmada's API server, and for each role a kubeconfig with exactly its rights. */
export async function installControlPlane(facts: ControlPlaneInstall): Promise<void> {
  const kubectl = createKubectl(facts.kubectl, facts.kubeconfig);
  const deploy = (...parts: string[]): string => join(facts.home, 'deploy', ...parts);
  await kubectl.apply([deploy('karmada', 'namespace.yaml'), deploy('crds'), deploy('rbac', 'karmada.yaml')]);
  await Promise.all(
    (['controller', 'worker'] as const).map(async (role) => {
      const text = await makeAccountKubeconfig(kubectl, facts.kubeconfig, accountOf(role));
      writeFileAtomically(facts.roleKubeconfigs[role], text, 0o600);
    }),
  );
}
