import { mkdirSync } from 'node:fs';
import type { ImageArchive } from '../images/archive';
import { socketAnswers, type ClusterContext } from './cluster';
import { makeCgroups } from './containers';
import { waitUntil } from './command';
import { writeFileAtomically } from './json-file';
import type { MemberLayout, NodeLayout } from './layout';
import { importImages } from './node-images';
import { containerdSpec, kubeletSpec, nodeFiles } from './node-specs';

/** Starts a node's containerd and gives it the images. */
export async function startRuntime(
  node: NodeLayout,
  { supervisor, pki }: ClusterContext,
  images: Promise<readonly ImageArchive[]>,
): Promise<void> {
  mkdirSync(node.volumeFolder, { recursive: true });
  for (const file of nodeFiles(node, pki)) writeFileAtomically(file.path, file.text);
  await supervisor.ensure(containerdSpec(node));
  await waitUntil(`containerd of ${node.name}`, 30_000, () => socketAnswers(node.containerdSocket), 50);
  await importImages(node, await images);
}

export async function startKubelet(
  node: NodeLayout,
  member: MemberLayout,
  { supervisor, programs, pki }: ClusterContext,
): Promise<void> {
  await makeCgroups(node);
  await supervisor.ensure(kubeletSpec(node, member, programs, pki));
}
