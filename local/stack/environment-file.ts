import { dirname } from 'node:path';
import { environmentFile } from '../suite/suite';
import { auditLogOf } from './audit';
import { writeFileAtomically } from './json-file';
import type { StackLayout } from './layout';
import { podLogFolder } from './node-specs';

/** Tells the end-to-end suite where a stack's clusters are: kubeconfigs, the stack to be harmed. */
export function writeEnvironment(layout: StackLayout): void {
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
    stack: { name: layout.name, base: dirname(layout.root) },
  };
  writeFileAtomically(environmentFile(layout.root), `${JSON.stringify(facts, null, 2)}\n`);
}
