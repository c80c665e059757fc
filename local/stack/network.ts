import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { runCommand, succeeds } from './command';
import type { MemberLayout, StackLayout } from './layout';

const ip = (...args: string[]): Promise<string> => runCommand('ip', args);
const linkExists = (name: string): boolean => existsSync(`/sys/class/net/${name}`);

/** One bridge, and for each member a network namespace with one cable to it. What is there already stays. */
export async function raiseNetwork(layout: StackLayout): Promise<void> {
  if (!linkExists(layout.bridge)) await ip('link', 'add', layout.bridge, 'type', 'bridge');
  const hasAddress = networkInterfaces()[layout.bridge]?.some(
    (entry) => entry.address === layout.hostAddress,
  );
  if (hasAddress !== true) {
    await ip('addr', 'replace', `${layout.hostAddress}/${layout.prefixLength}`, 'dev', layout.bridge);
  }
  await ip('link', 'set', layout.bridge, 'up');
  await Promise.all([
    allowBridging(layout),
    widenInotify(),
    ...layout.members.map((member) => raiseMember(layout, member)),
  ]);
}

async function raiseMember(layout: StackLayout, member: MemberLayout): Promise<void> {
  if (existsSync(`/run/netns/${member.netns}`)) {
    if (linkExists(member.cable)) return;
    await ip('netns', 'del', member.netns);
  }
  await ip('netns', 'add', member.netns);
  await ip('link', 'add', member.cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', member.netns);
  await ip('link', 'set', member.cable, 'master', layout.bridge, 'up');
  const addresses = member.nodes.map((node) => `ip addr add ${node.address}/${layout.prefixLength} dev eth0`);
  const script = [
    'ip link set lo up',
    ...addresses,
    'ip link set eth0 up',
    `ip route add default via ${layout.hostAddress}`,
    'sysctl -qw net.ipv4.ip_forward=1',
    // Without it a Service answers pods of the same node from the wrong address.
    'sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true',
  ];
  await runCommand('sh', ['-ec', script.join('\n')], { netns: member.netns });
}

/** Takes all of it down; what is gone already does not matter. */
export async function removeNetwork(layout: StackLayout): Promise<void> {
  for (const member of layout.members) {
    if (linkExists(member.cable)) await ip('link', 'del', member.cable);
    if (existsSync(`/run/netns/${member.netns}`)) await ip('netns', 'del', member.netns);
  }
  if (linkExists(layout.bridge)) await ip('link', 'del', layout.bridge);
  while (await succeeds('iptables', ['-w', '-D', ...forwardRule(layout)])) {
    // One deletion for each time that the rule was added.
  }
}

/** A cut cable is a lost site: nothing gets in or out, everything inside goes on. */
export async function cutMember(member: MemberLayout): Promise<void> {
  await ip('link', 'set', member.cable, 'down');
}

export async function healMember(member: MemberLayout): Promise<void> {
  await ip('link', 'set', member.cable, 'up');
}

export async function isCut(member: MemberLayout): Promise<boolean> {
  try {
    const flags = Number((await readFile(`/sys/class/net/${member.cable}/flags`, 'utf8')).trim());
    return (flags & 1) === 0;
  } catch {
    return true;
  }
}

const forwardRule = (layout: StackLayout): string[] => [
  ...['FORWARD', '-i', layout.bridge, '-o', layout.bridge, '-j', 'ACCEPT'],
  ...['-m', 'comment', '--comment', `fedstate-${layout.name}`],
];

/** Where a container engine has set the FORWARD policy to DROP, bridged packets between members would be lost. */
async function allowBridging(layout: StackLayout): Promise<void> {
  const policy = await runCommand('iptables', ['-w', '-S', 'FORWARD']).catch(() => '');
  if (!policy.includes('-P FORWARD DROP')) return;
  if (await succeeds('iptables', ['-w', '-C', ...forwardRule(layout)])) return;
  await runCommand('iptables', ['-w', '-I', ...forwardRule(layout)]);
}

const INOTIFY = '/proc/sys/fs/inotify/max_user_instances';
const INOTIFY_WANTED = 1024;

/** Two kubelets and runtimes a member use up the usual 128. */
async function widenInotify(): Promise<void> {
  if (Number(await readFile(INOTIFY, 'utf8')) < INOTIFY_WANTED)
    await writeFile(INOTIFY, String(INOTIFY_WANTED));
}
