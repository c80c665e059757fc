import { dirname } from 'node:path';
import { environmentFile } from '../suite/suite';
import { writeFileAtomically } from './json-file';
import type { StackLayout } from './layout';
import { podLogFolder } from './node-specs';

/** Tells the end-to-end suite where a stack's clusters are: paths of kubeconfigs, and the stack to be harmed. */
export function writeEnvironment(layout: StackLayout): void {
  const facts = {
    karmada: layout.karmada.kubeconfig,
    members: Object.fromEntries(layout.members.map((member) => [member.name, member.kubeconfig])),
    temporalAddress: layout.temporal.address,
    logFolders: [
      layout.logFolder,
      ...(layout.attached ? [] : layout.members.flatMap(({ nodes }) => nodes.map(podLogFolder))),
    ],
    stack: { name: layout.name, base: dirname(layout.root) },
  };
  writeFileAtomically(environmentFile(layout.root), `${JSON.stringify(facts, null, 2)}\n`);
}
