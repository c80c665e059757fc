import { join } from 'node:path';
import { registerCluster } from '../karmada/register';
import { PLAIN_ENV } from './cluster-specs';
import { waitUntil } from './command';
import type { MemberLayout, StackLayout } from './layout';
import type { Pki } from './pki';
import { STAGE, type ProcessRequest } from './process-spec';
import { revisionOfFolders } from './revision';

const REGISTER_MS = 90_000;

/** Our stand-in for Karmada's controllers, scheduler and webhook, beside the bare API server. It installs what it needs. */
export function karmadaSpec(layout: StackLayout, pki: Pki, packageFolder: string): ProcessRequest {
  return {
    name: 'karmada',
    revision: revisionOfFolders([join(packageFolder, 'dist', 'local', 'karmada')]),
    stage: STAGE.federation,
    env: PLAIN_ENV,
    command: [
      process.execPath,
      join(packageFolder, 'dist', 'local', 'karmada', 'main.js'),
      ...['--kubeconfig', layout.karmada.kubeconfig],
      ...['--webhook-address', `${layout.loopback}:6444`, '--cert-dir', pki.folder],
      ...['--cluster-status-period', '5s', '--failure-threshold', '10s', '--success-threshold', '5s'],
    ],
  };
}

/** Registers a member under its name, with the address of its NodePorts as label `vip`. */
export async function registerMember(layout: StackLayout, member: MemberLayout): Promise<void> {
  await waitUntil(
    `the registration of ${member.name} with Karmada`,
    REGISTER_MS,
    async () => {
      await registerCluster({
        karmada: layout.karmada.kubeconfig,
        name: member.name,
        member: member.kubeconfig,
        labels: { vip: member.address },
        region: member.name,
      });
      return true;
    },
    300,
  );
}
