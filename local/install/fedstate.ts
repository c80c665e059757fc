import type { ProgramPaths } from '../programs/obtain';
import type { StackLayout } from '../stack/layout';
import type { SupervisorClient } from '../stack/supervisor-client';
import { installControlPlane, roleKubeconfigsIn } from './control-plane';
import { awaitMember, installMember } from './member-cluster';
import { roleSpecs } from './roles';

/** What the samples ask for is older than what is operated: the demo maps it, as an administrator would. */
export const IMAGES_REPLACE = 'mongo:3.6=mongo:4.2';

export interface InstallFacts {
  readonly layout: StackLayout;
  readonly programs: ProgramPaths;
  readonly supervisor: SupervisorClient;
  readonly home: string;
  /** Changes with the content of the product's image. */
  readonly imageDigest: string;
  readonly tell: (line: string) => void;
}

/** FedState into a running stack: definitions and rights everywhere, managers in the members, roles on this machine. */
export async function installFedState(facts: InstallFacts): Promise<void> {
  const { layout, programs, home, imageDigest, tell } = facts;
  const roleKubeconfigs = roleKubeconfigsIn(layout.root);
  const kubectl = programs.kubectl;
  await installControlPlane({ kubectl, home, kubeconfig: layout.karmada.kubeconfig, roleKubeconfigs });
  await Promise.all(
    layout.members.map((member) =>
      installMember({
        kubectl,
        home,
        cluster: member.name,
        kubeconfig: member.kubeconfig,
        karmadaKubeconfig: layout.karmada.kubeconfig,
        environment: {
          IMAGES_REPLACE,
          VIP: member.address,
          // Images are imported by hand, and the samples ask to pull them always.
          IMAGE_PULL_POLICY: 'IfNotPresent',
        },
        imageDigest,
      }),
    ),
  );
  for (const spec of roleSpecs({ layout, home, roleKubeconfigs, imagesReplace: IMAGES_REPLACE })) {
    await facts.supervisor.ensure(spec);
  }
  await Promise.all(layout.members.map((member) => awaitMember(kubectl, member.kubeconfig, 120)));
  tell('FedState is installed: controller and worker here, a manager in each member');
}
