import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command';
import type { NodeLayout, StackLayout } from './layout';
import { ctr } from './node-images';
import { endProcess, identify, type ProcessIdentity } from './process-identity';

/** Ends and forgets all containers of a node while its containerd still runs; their volumes stay. */
export async function removeContainers(node: NodeLayout): Promise<void> {
  const tasks = lines(await ctr(node, ['tasks', 'ls', '-q']));
  await Promise.all(tasks.map((id) => ctr(node, ['tasks', 'rm', '-f', id]).catch(() => '')));
  const containers = lines(await ctr(node, ['containers', 'ls', '-q']));
  if (containers.length > 0) await ctr(node, ['containers', 'rm', ...containers]);
  // Addresses of pods that are gone would stay taken.
  rmSync(join(node.folder, 'ipam'), { recursive: true, force: true });
}

/** Shims and container processes of the stack that nothing has ended: found by the socket or folder they name. */
export async function endStrays(layout: StackLayout): Promise<void> {
  const strays = findProcesses((command) =>
    layout.members.some((member) => command.some((argument) => argument.startsWith(`${member.folder}/`))),
  );
  await Promise.all(strays.map((stray) => endProcess(stray, 1_000)));
  const roots = layout.members.flatMap((member) => member.nodes.map((node) => node.cgroupRoot));
  const contained = listCgroupFolders(roots).flatMap(readCgroup);
  await Promise.all(contained.map((stray) => endProcess(stray, 0)));
}

/** Mounts below the stack's folder, deepest first. */
export async function removeMounts(layout: StackLayout): Promise<void> {
  const mounts = listMounts(readFileSync('/proc/self/mounts', 'utf8'), layout.root);
  for (const mount of mounts) await runCommand('umount', ['-l', mount]).catch(() => '');
}

/** Mount points below `root` out of the text of /proc/mounts, the last mounted first. */
export function listMounts(text: string, root: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replace(/\\040/g, ' '))
    .filter((path) => path.startsWith(`${root}/`))
    .reverse();
}

/** A kubelet complains again and again when its part of a cgroup v1 hierarchy appears only with the first pod. */
export async function makeCgroups(node: NodeLayout): Promise<void> {
  for (const hierarchy of listHierarchies()) {
    if (hierarchy === CGROUP_MOUNT || !existsSync(join(hierarchy, 'cgroup.procs'))) continue;
    await mkdir(join(hierarchy, node.cgroupRoot), { recursive: true });
  }
}

export async function removeCgroups(layout: StackLayout): Promise<void> {
  const roots = layout.members.flatMap((member) => member.nodes.map((node) => node.cgroupRoot));
  for (const folder of listCgroupFolders(roots)) await rmdir(folder).catch(() => undefined);
}

/** Folders of these cgroups in every hierarchy, deepest first. */
function listCgroupFolders(roots: readonly string[]): readonly string[] {
  const walk = (folder: string): string[] => [
    ...readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => walk(join(folder, entry.name))),
    folder,
  ];
  return listHierarchies()
    .flatMap((hierarchy) => roots.map((root) => join(hierarchy, root)))
    .filter((folder) => existsSync(folder))
    .flatMap(walk);
}

const CGROUP_MOUNT = '/sys/fs/cgroup';

/** Roots of the cgroup hierarchies: one with cgroup v2, one for each controller with v1. */
function listHierarchies(): readonly string[] {
  return existsSync(join(CGROUP_MOUNT, 'cgroup.controllers'))
    ? [CGROUP_MOUNT]
    : readdirSync(CGROUP_MOUNT).map((name) => join(CGROUP_MOUNT, name));
}

function readCgroup(folder: string): readonly ProcessIdentity[] {
  try {
    return lines(readFileSync(join(folder, 'cgroup.procs'), 'utf8')).flatMap(
      (pid) => identify(Number(pid)) ?? [],
    );
  } catch {
    return [];
  }
}

function findProcesses(matches: (command: readonly string[]) => boolean): readonly ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        const identity = matches(command) ? identify(Number(name)) : undefined;
        return identity ?? [];
      } catch {
        return [];
      }
    });
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
