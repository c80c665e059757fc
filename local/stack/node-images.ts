import { join } from 'node:path';
import { z } from 'zod';
import type { ImageArchive } from '../images/archive';
import { runCommand } from './command';
import { readJsonFile, writeFileAtomically } from './json-file';
import type { NodeLayout } from './layout';

/** Digests of the manifests that a node has, by the name of the image set. */
const importedSchema = z.record(z.string(), z.array(z.string()));

const recordOf = (node: NodeLayout): string => join(node.folder, 'images.json');

/** Imports those archives into a node's containerd that it does not have yet. @returns how many were imported */
export async function importImages(node: NodeLayout, archives: readonly ImageArchive[]): Promise<number> {
  const known = readJsonFile(recordOf(node), importedSchema) ?? {};
  const stale = archives.filter((archive) => known[archive.name]?.join() !== archive.digests.join());
  for (const archive of stale) {
    await ctr(node, ['images', 'import', archive.file]);
    known[archive.name] = [...archive.digests];
    writeFileAtomically(recordOf(node), JSON.stringify(known));
  }
  return stale.length;
}

/** Runs containerd's own client against one node, in Kubernetes' namespace of it. */
export function ctr(node: NodeLayout, args: readonly string[]): Promise<string> {
  return runCommand('ctr', ['-a', node.containerdSocket, '-n', 'k8s.io', ...args], { timeoutMs: 300_000 });
}
