import type { StackLayout } from '../stack/layout';
import { StackError } from '../stack/stack-error';
import { HUB, isLasting, nameFault } from './fault';
import { openFaultKit, type FaultKit } from './fault-kit';
import { parseFault } from './parse-fault';

export const FAULT_USAGE = `npm run local -- fault …
  cut SITE                         lose a site: nothing gets in or out
  part SITE OTHER                  no packet between two sites, or a site and the ${HUB}
  mute FROM TO                     TO does not hear FROM: one way only
  slow SITE OTHER MS               everything between them comes MS later
  stop|freeze|kill PROCESS         e.g. east-apiserver, east-a-kubelet, worker (kill: it comes back)
  freeze|kill NAMESPACE/INSTANCE/CLUSTER/ORDINAL
                                   the mongod of a member (kill: it comes back)
  empty NAMESPACE/INSTANCE/CLUSTER/ORDINAL
                                   the same, and its data is gone
  list                             what is in force
  heal                             take all of it back
  heal SITE|PROCESS|MEMBER         all that concerns it
  heal FAULT …                     that one, in the words that caused it`;

/** `npm run local -- fault …`. @returns what was done @throws StackError (2) naming what there is instead */
export async function runFaultCommand(layout: StackLayout, words: readonly string[]): Promise<string> {
  const kit = openFaultKit(layout);
  const [verb, ...rest] = words;
  if (verb === undefined) throw new StackError(FAULT_USAGE, 2);
  if (verb === 'list') return tell(await kit.list(), 'in force', 'nothing is in force');
  if (verb === 'heal') return tell(await healWords(kit, rest), 'healed', 'nothing was in force');
  const fault = parseFault(words, kit.known);
  await kit.cause(fault);
  return isLasting(fault) ? `${nameFault(fault)}: in force` : `${nameFault(fault)}: done`;
}

async function healWords(kit: FaultKit, words: readonly string[]) {
  const [target] = words;
  if (words.length <= 1) {
    if (target !== undefined) needTarget(kit, target);
    return kit.healAll(target);
  }
  const fault = parseFault(words, kit.known);
  const isInForce = (await kit.list()).some((one) => nameFault(one) === nameFault(fault));
  await kit.heal(fault);
  return isInForce ? [fault] : [];
}

function needTarget({ known }: FaultKit, target: string): void {
  const names = [...known.sites, HUB, ...known.processes];
  if (!target.includes('/') && !names.includes(target))
    throw new StackError(`Nothing is named "${target}". There are: ${names.join(', ')}.`, 2);
}

const tell = (faults: readonly Parameters<typeof nameFault>[0][], done: string, nothing: string): string =>
  faults.length === 0 ? nothing : faults.map((fault) => `${nameFault(fault)}: ${done}`).join('\n');
