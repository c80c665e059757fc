import { join } from 'node:path';
import { environmentFile } from '../suite/suite';
import { auditLogOf } from './audit';
import { writeFileAtomically } from './json-file';
import type { StackLayout } from './layout';
import { podLogFolder } from './node-specs';

/** Tells the end-to-end suite where a stack's clusters are: paths of kubeconfigs, and the way to kill a process. */
export function writeEnvironment(layout: StackLayout, packageFolder: string): void {
  const program = join(packageFolder, 'dist', 'local', 'main.js');
  const facts = {
    karmada: layout.karmada.kubeconfig,
    members: Object.fromEntries(layout.members.map((member) => [member.name, member.kubeconfig])),
    temporalAddress: layout.temporal.address,
    logFolders: [
      layout.logFolder,
      ...(layout.attached
        ? []
        : [layout.auditFolder, ...layout.members.flatMap(({ nodes }) => nodes.map(podLogFolder))]),
    ],
    ...(layout.attached
      ? {}
      : {
          auditLogs: Object.fromEntries(
            [layout.karmada, ...layout.members].map((cluster) => [cluster.name, auditLogOf(layout, cluster)]),
          ),
        }),
    killCommand: ['env', `FEDSTATE_STACK=${layout.name}`, process.execPath, program, 'local', 'kill'],
  };
  writeFileAtomically(environmentFile(layout.root), `${JSON.stringify(facts, null, 2)}\n`);
}
