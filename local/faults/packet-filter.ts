import { existsSync } from 'node:fs';
import { runCommand, succeeds } from '../stack/command';
import { findMember, type StackLayout } from '../stack/layout';
import type { SilenceFault } from './fault';

/** One rule of a member's network namespace, as iptables takes it after `-A`. */
export interface FilterRule {
  readonly netns: string;
  readonly table: 'raw' | 'mangle' | 'nat';
  readonly chain: 'PREROUTING' | 'POSTROUTING';
  readonly rule: readonly string[];
}

const MARK = 'fedstate-fault:';

/** The words of its fault stand in the rule, so that what is in force is told by the kernel and no file. */
export const markOf = (words: readonly string[]): readonly string[] => [
  ...['-m', 'comment', '--comment'],
  `${MARK}${words.join(':')}`,
];

/** Where rules can stand: before connections are tracked, before they are led elsewhere, after all. */
const PLACES = [
  ['raw', 'PREROUTING'],
  ['nat', 'PREROUTING'],
  ['mangle', 'POSTROUTING'],
] as const;

/** Packets in force are lost at once, also those of connections that are open. Pure. */
export function planSilence(
  layout: StackLayout,
  fault: SilenceFault,
  words: readonly string[],
): FilterRule[] {
  return fault.verb === 'mute'
    ? silence(layout, fault.from, fault.to, words)
    : [...silence(layout, fault.one, fault.other, words), ...silence(layout, fault.other, fault.one, words)];
}

/** At the receiver, or where that is the hub, whose rules are not ours alone, at the sender. */
function silence(layout: StackLayout, from: string, to: string, words: readonly string[]): FilterRule[] {
  const drop = [...markOf(words), '-j', 'DROP'];
  const receiver = findMember(layout, to);
  if (receiver !== undefined) {
    return addressesOf(layout, from).map((address) => ({
      netns: receiver.netns,
      table: 'raw',
      chain: 'PREROUTING',
      rule: ['-s', `${address}/32`, '-i', 'eth0', ...drop],
    }));
  }
  const sender = findMember(layout, from);
  if (sender === undefined) return [];
  return addressesOf(layout, to).map((address) => ({
    netns: sender.netns,
    table: 'mangle',
    chain: 'POSTROUTING',
    rule: ['-d', `${address}/32`, '-o', 'eth0', ...drop],
  }));
}

/** What packets of a site, or of the hub, come from on the bridge: pods stand behind their nodes' addresses. */
export function addressesOf(layout: StackLayout, end: string): readonly string[] {
  const member = findMember(layout, end);
  return member === undefined ? [layout.hostAddress] : member.nodes.map(({ address }) => address);
}

/** Puts them before all others; one that is there already is not put twice. */
export async function addRules(rules: readonly FilterRule[]): Promise<void> {
  for (const { netns, table, chain, rule } of rules) {
    if (await succeeds('iptables', ['-w', '-t', table, '-C', chain, ...rule], { netns })) continue;
    await runCommand('iptables', ['-w', '-t', table, '-I', chain, ...rule], { netns });
  }
}

export async function removeRules(rules: readonly FilterRule[]): Promise<void> {
  for (const { netns, table, chain, rule } of rules)
    await runCommand('iptables', ['-w', '-t', table, '-D', chain, ...rule], { netns });
}

/** A rule that is in force, with the words of its fault. */
export interface MarkedRule extends FilterRule {
  readonly words: readonly string[];
}

export async function listRules(layout: StackLayout): Promise<readonly MarkedRule[]> {
  const found = await Promise.all(
    layout.members
      .filter(({ netns }) => existsSync(`/run/netns/${netns}`))
      .flatMap(({ netns }) =>
        PLACES.map(async ([table, chain]) =>
          readRules(await runCommand('iptables', ['-w', '-t', table, '-S', chain], { netns })).map(
            (rule) => ({
              netns,
              table,
              chain,
              ...rule,
            }),
          ),
        ),
      ),
  );
  return found.flat();
}

/** Ours out of the text of `iptables -S`. */
export function readRules(text: string): readonly Pick<MarkedRule, 'rule' | 'words'>[] {
  return text.split('\n').flatMap((line) => {
    const rule = line.split(' ').slice(2);
    const mark = rule.map((word) => word.replaceAll('"', '')).find((word) => word.startsWith(MARK));
    return mark === undefined
      ? []
      : [{ rule: rule.map((word) => word.replaceAll('"', '')), words: mark.slice(MARK.length).split(':') }];
  });
}
