import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runCommand } from '../stack/command';
import type { LayerEntry } from './layer';

/** Paths of the shared libraries, loader included, that `ldd` names for a program. */
export function parseLdd(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => /(?:=>\s*)?(\/\S+)\s+\(0x/.exec(line)?.[1])
    .filter((path) => path !== undefined);
}

/** A program with its shared libraries, at the paths where its loader looks for them. */
export async function programEntries(program: string, target: string): Promise<readonly LayerEntry[]> {
  const libraries = parseLdd(await runCommand('ldd', [program]).catch(() => ''));
  return [
    { kind: 'file', path: target, source: realpathSync(program), mode: 0o755 },
    ...libraries.map((path): LayerEntry => ({
      kind: 'file',
      path,
      source: realpathSync(path),
      mode: 0o755,
    })),
  ];
}

const USERS = [
  ['root', 0, '/'],
  ['mongodb', 999, '/data/db'],
  ['nobody', 65534, '/'],
  ['nonroot', 65532, '/'],
] as const;

/** Node with its libraries, users, writable /tmp and /data: what every image but pause stands on. */
export async function baseEntries(): Promise<readonly LayerEntry[]> {
  const node = await programEntries(process.execPath, '/usr/bin/node');
  return [
    ...node,
    ...resolverEntries(node),
    { kind: 'folder', path: '/tmp', mode: 0o1777 },
    { kind: 'folder', path: '/data/db', mode: 0o1777 },
    { kind: 'folder', path: '/app', mode: 0o755 },
    text(
      '/etc/passwd',
      USERS.map(([name, id, home]) => `${name}:x:${id}:${id}::${home}:/sbin/nologin\n`).join(''),
    ),
    text('/etc/group', USERS.map(([name, id]) => `${name}:x:${id}:\n`).join('')),
    text('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  ];
}

/** glibc loads these by name when a host name is looked up, so `ldd` does not tell them. */
function resolverEntries(node: readonly LayerEntry[]): readonly LayerEntry[] {
  const libc = node.find((entry) => entry.kind === 'file' && basename(entry.path).startsWith('libc.so'));
  if (libc === undefined) return [];
  return ['libresolv.so.2', 'libnss_dns.so.2', 'libnss_files.so.2']
    .map((name) => join(dirname(libc.path), name))
    .filter((path) => existsSync(path) && !node.some((entry) => entry.path === path))
    .map((path) => ({ kind: 'file', path, source: realpathSync(path), mode: 0o755 }));
}

function text(path: string, content: string): LayerEntry {
  return { kind: 'text', path, text: content, mode: 0o644 };
}
