import { copyFileSync, chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { describeMissingVip, vipOf } from '../../src/karmada/cluster';
import { KINDS, metadataSchema } from '../../src/kube/object';
import { writeArchive } from '../images/archive';
import { FEDSTATE_IMAGE, makeProductImages } from '../images/image-catalog';
import { installControlPlane, roleKubeconfigsIn } from '../install/control-plane';
import { installMember } from '../install/member-cluster';
import { roleSpecs } from '../install/roles';
import { obtainKubectl } from '../programs/obtain';
import type { Outside } from './attach-flags';
import { writeEnvironment } from './environment-file';
import { withLock } from './file-lock';
import { kubeOf } from './kubeconfig';
import type { StackLayout } from './layout';
import { packageFolder } from './package-folder';
import { StackError } from './stack-error';
import { lockFileOf, registerStack } from './stack-registry';
import { startSupervisor } from './supervisor-client';
import { temporalSpec, waitTemporal } from './temporal-server';
import { bundleWorkflows } from './workflow-bundle';

export interface AttachOptions {
  readonly base: string;
  readonly name: string;
  readonly outside: Outside;
  readonly tell: (line: string) => void;
}

const clusterSchema = z.looseObject({ metadata: metadataSchema });

/**
 * FedState on clusters of others: Temporal, controller and worker run here; definitions, rights and managers go there.
 * @throws StackError naming the file or flag that is wrong
 */
export async function attachStack(options: AttachOptions): Promise<StackLayout> {
  const { base, name, outside, tell } = options;
  const files = [outside.karmada, ...outside.members.values()];
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw new StackError(`The kubeconfig ${missing} does not exist.`, 2);
  const folder = packageFolder();
  const kubectl = await obtainKubectl({ packageFolder: folder, tell });
  const vips = await readVips(outside);
  return withLock(lockFileOf(base, name), 120_000, async () => {
    const layout = await registerStack(base, name, { members: [...outside.members.keys()], attached: vips });
    keepKubeconfig(outside.karmada, layout.karmada.kubeconfig);
    for (const member of layout.members) {
      keepKubeconfig(outside.members.get(member.name) ?? '', member.kubeconfig);
    }
    const supervisor = await startSupervisor(layout);
    await Promise.all([
      temporalSpec(layout).then((spec) => supervisor.ensure(spec)),
      bundleWorkflows(folder),
      install(layout, options, kubectl, folder),
    ]);
    await waitTemporal(layout);
    for (const spec of roleSpecs({
      layout,
      home: folder,
      roleKubeconfigs: roleKubeconfigsIn(layout.root),
      imagesReplace: outside.imagesReplace ?? '',
    })) {
      await supervisor.ensure(spec);
    }
    writeEnvironment(layout);
    return layout;
  });
}

async function install(
  layout: StackLayout,
  options: AttachOptions,
  kubectl: string,
  home: string,
): Promise<void> {
  const { outside, tell } = options;
  const { image, imagePullPolicy } = outside;
  await installControlPlane({
    kubectl,
    home,
    kubeconfig: layout.karmada.kubeconfig,
    roleKubeconfigs: roleKubeconfigsIn(layout.root),
  });
  const archive = await writeArchive(await makeProductImages(home), layout.imageFolder);
  for (const member of layout.members) {
    await installMember({
      kubectl,
      home,
      cluster: member.name,
      kubeconfig: member.kubeconfig,
      karmadaKubeconfig: layout.karmada.kubeconfig,
      environment: {
        IMAGES_REPLACE: outside.imagesReplace ?? '',
        VIP: member.address,
        ...(imagePullPolicy === undefined ? {} : { IMAGE_PULL_POLICY: imagePullPolicy }),
        ...(image === undefined ? {} : { FEDSTATE_IMAGE: image }),
      },
      imageDigest: archive.digests.join(','),
      image,
    });
  }
  if (image === undefined) {
    tell(
      `the managers wait for the image ${FEDSTATE_IMAGE}: load ${archive.file} into the nodes, or give --image`,
    );
  }
}

/** The VIP of each member's Cluster on Karmada. @throws StackError naming the member without one */
async function readVips(outside: Outside): Promise<Record<string, string>> {
  const karmada = kubeOf(outside.karmada);
  try {
    const vips: Record<string, string> = {};
    for (const name of outside.members.keys()) {
      const cluster = await karmada.get({ kind: KINDS.cluster, name }, clusterSchema);
      if (cluster === undefined) {
        throw new StackError(
          `Karmada has no Cluster named "${name}": correct --member, or join it first.`,
          2,
        );
      }
      const vip = vipOf(cluster);
      if (vip === undefined) throw new StackError(describeMissingVip(cluster), 2);
      vips[name] = vip;
    }
    return vips;
  } finally {
    karmada.transport.close();
  }
}

function keepKubeconfig(from: string, to: string): void {
  const config = new KubeConfig();
  config.loadFromFile(from);
  if (config.getCurrentCluster() === null) {
    throw new StackError(`The kubeconfig ${from} has no current context.`, 2);
  }
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, 0o600);
}
