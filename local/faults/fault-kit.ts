import { existsSync } from 'node:fs';
import { findMember, type MemberLayout, type StackLayout } from '../stack/layout';
import { cutMember, healMember, isCut } from '../stack/network';
import { StackError } from '../stack/stack-error';
import { connectSupervisor, readProcessTable } from '../stack/supervisor-client';
import { isLasting, nameFault, wordsOf, type Fault } from './fault';
import { listFrozenMongods, strikeMongod, thawMongod } from './mongods';
import { addRules, listRules, planSilence, removeRules, type MarkedRule } from './packet-filter';
import { parseFault, type KnownNames } from './parse-fault';
import { isFrozen, killProcess } from './processes';
import { endSlowLink, slowLink } from './slow-link';

/** Faults of one stack. What is in force is read from the machine itself: it outlives whoever caused it. */
export interface FaultKit {
  readonly known: KnownNames;
  /** Resolves when it is in force, or when what it kills is dead. @throws StackError */
  cause(fault: Fault): Promise<void>;
  /** Takes it back; one that is not in force is none. */
  heal(fault: Fault): Promise<void>;
  /** What is in force. */
  list(): Promise<readonly Fault[]>;
  /** Takes back what is in force; only what concerns that site, process or member when one is named. */
  healAll(target?: string): Promise<readonly Fault[]>;
}

export function openFaultKit(layout: StackLayout): FaultKit {
  const supervisor = connectSupervisor(layout);
  const known: KnownNames = {
    sites: layout.members.map(({ name }) => name),
    processes: readProcessTable(layout).map(({ spec }) => spec.name),
  };

  async function cause(fault: Fault): Promise<void> {
    if (layout.attached && !('process' in fault))
      throw new StackError('The clusters of this stack are not its own to harm.', 2);
    switch (fault.verb) {
      case 'cut':
        return cutMember(needMember(layout, fault.site));
      case 'part':
      case 'mute':
        return addRules(planSilence(layout, fault, wordsOf(fault)));
      case 'slow':
        return slowLink(layout, supervisor, fault, wordsOf(fault));
      case 'stop':
        return supervisor.stop(fault.process);
      case 'freeze':
        if ('member' in fault) return strikeMongod(layout, fault);
        return supervisor.signal(fault.process, 'SIGSTOP');
      case 'kill':
        if ('member' in fault) return strikeMongod(layout, fault);
        return killProcess(supervisor, fault.process);
      case 'empty':
        return strikeMongod(layout, fault);
    }
  }

  async function heal(fault: Fault): Promise<void> {
    switch (fault.verb) {
      case 'cut':
        return healMember(needMember(layout, fault.site));
      case 'part':
      case 'mute':
        return removeRules(rulesOf(fault, await listRules(layout)));
      case 'slow':
        await removeRules(rulesOf(fault, await listRules(layout)));
        return endSlowLink(layout, supervisor, fault);
      case 'stop':
        return supervisor.start(fault.process);
      case 'freeze':
        if ('member' in fault) return thawMongod(layout, fault.member);
        return supervisor.signal(fault.process, 'SIGCONT');
      case 'kill':
      case 'empty':
        return;
    }
  }

  async function list(): Promise<readonly Fault[]> {
    const processes = readProcessTable(layout).flatMap(({ spec, wanted, pid }): Fault[] => {
      if (wanted === 'stopped') return [{ verb: 'stop', process: spec.name }];
      return pid !== undefined && isFrozen(pid) ? [{ verb: 'freeze', process: spec.name }] : [];
    });
    if (layout.attached) return processes;
    const [cuts, rules, frozen] = await Promise.all([
      Promise.all(
        layout.members
          .filter(({ netns }) => existsSync(`/run/netns/${netns}`))
          .map(async (member) => ((await isCut(member)) ? [member.name] : [])),
      ),
      listRules(layout),
      listFrozenMongods(layout),
    ]);
    const names = new Map(rules.map(({ words }) => [words.join(' '), words]));
    return [
      ...cuts.flat().map((site): Fault => ({ verb: 'cut', site })),
      ...[...names.values()].map((words) => parseFault(words, known)),
      ...frozen.map((member): Fault => ({ verb: 'freeze', member })),
      ...processes,
    ];
  }

  async function healAll(target?: string): Promise<readonly Fault[]> {
    const concerned = (await list()).filter(
      (fault) => target === undefined || wordsOf(fault).slice(1).includes(target),
    );
    for (const fault of concerned) await heal(fault);
    return concerned;
  }

  return {
    known,
    cause,
    heal: async (fault) => {
      const isInForce = (await list()).some((one) => nameFault(one) === nameFault(fault));
      if (isLasting(fault) && isInForce) await heal(fault);
    },
    list,
    healAll,
  };
}

const rulesOf = (fault: Fault, rules: readonly MarkedRule[]): readonly MarkedRule[] =>
  rules.filter(({ words }) => words.join(' ') === nameFault(fault));

function needMember(layout: StackLayout, name: string): MemberLayout {
  const member = findMember(layout, name);
  if (member === undefined) throw new StackError(`No site is named "${name}".`, 2);
  return member;
}
