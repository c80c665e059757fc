import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isExecutable } from '../programs/program-cache';
import { runCommand } from './command';
import { StackError } from './stack-error';

/** Debian package by a file that it brings; names without a slash are looked up on PATH. */
const PACKAGES: readonly (readonly [file: string, name: string])[] = [
  ['containerd', 'containerd'],
  ['runc', 'runc'],
  ['/usr/lib/cni/bridge', 'containernetworking-plugins'],
  ['iptables', 'iptables'],
  ['conntrack', 'conntrack'],
  ['ip', 'iproute2'],
  ['openssl', 'openssl'],
  ['nsenter', 'util-linux'],
];

const ATTACH_HINT =
  'To use clusters that exist already: npm run local -- up --karmada KUBECONFIG --member NAME=KUBECONFIG …';

/** Makes whatever a node needs in an unshared network; its last words name what the kernel lacks. */
const KERNEL_PROBE = [
  'ip link add p0 type veth peer name p1 || { echo "veth devices"; exit 1; }',
  'ip link add b0 type bridge || { echo "bridges"; exit 1; }',
  'iptables -w -t nat -S || { echo "iptables nat"; exit 1; }',
].join('\n');

/**
 * Makes sure that clusters can run on this machine; installs missing Debian packages where that is possible.
 * @throws StackError (3) with one line that names everything missing, and the way round it
 */
export async function checkMachine(tell: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  if (process.platform !== 'linux') missing.push('Linux');
  else {
    if (process.getuid?.() !== 0) missing.push('root');
    if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay'))
      missing.push('overlayfs in the kernel');
    if (!existsSync('/sys/fs/cgroup/memory') && !existsSync('/sys/fs/cgroup/cgroup.controllers')) {
      missing.push('the memory cgroup');
    }
  }
  if (missing.length === 0) missing.push(...(await installPackages(tell)));
  if (missing.length === 0) missing.push(...(await probeKernel()));
  if (missing.length > 0) throw cannotRunHere(missing);
}

export function cannotRunHere(missing: readonly string[]): StackError {
  return new StackError(
    `This machine cannot run the clusters: it lacks ${missing.join(', ')}. ${ATTACH_HINT}`,
    3,
  );
}

/** Names of the Debian packages whose files are missing. */
export function findMissingPackages(isThere: (file: string) => boolean = isInstalled): readonly string[] {
  return PACKAGES.filter(([file]) => !isThere(file)).map(([, name]) => name);
}

async function installPackages(tell: (line: string) => void): Promise<readonly string[]> {
  const names = findMissingPackages();
  if (names.length === 0) return [];
  if (isInstalled('apt-get')) {
    tell(`installing ${names.join(', ')} with apt-get (about 20 s)`);
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    try {
      await runCommand('apt-get', ['-qq', 'update'], { env, timeoutMs: 180_000 });
      await runCommand(
        'apt-get',
        // Its service would only be a second containerd beside those of the nodes.
        ['-qq', '-y', '-o', 'Dpkg::Use-Pty=0', 'install', '--no-install-recommends', ...names],
        { env: { ...env, RUNLEVEL: '1' }, timeoutMs: 600_000 },
      );
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error));
    }
  }
  return findMissingPackages().map((name) => `the Debian package ${name}`);
}

async function probeKernel(): Promise<readonly string[]> {
  try {
    await runCommand('unshare', ['--net', 'sh', '-c', `{ ${KERNEL_PROBE}\n} 1>&2`]);
    return [];
  } catch (error) {
    return [
      error instanceof Error ? (error.message.split('\n').at(-1) ?? error.message) : 'network namespaces',
    ];
  }
}

function isInstalled(file: string): boolean {
  if (file.startsWith('/')) return existsSync(file);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, file)));
}
