import { StackError } from '../stack/stack-error';
import { HUB, type Fault, type MemberPlace } from './fault';

/** Names that a stack has. */
export interface KnownNames {
  readonly sites: readonly string[];
  readonly processes: readonly string[];
}

const WORDS: Readonly<Record<Fault['verb'], string>> = {
  cut: 'SITE',
  part: 'SITE OTHER',
  mute: 'FROM TO',
  slow: 'SITE OTHER MS',
  stop: 'PROCESS',
  freeze: 'PROCESS|MEMBER',
  kill: 'PROCESS|MEMBER',
  empty: 'MEMBER',
};
const VERBS: readonly Fault['verb'][] = ['cut', 'part', 'mute', 'slow', 'stop', 'freeze', 'kill', 'empty'];
const LONGEST_DELAY_MS = 60_000;

/** A fault out of the words of the command line. @throws StackError (2) naming what there is instead */
export function parseFault(words: readonly string[], known: KnownNames): Fault {
  const [first = '', ...rest] = words;
  const verb = VERBS.find((one) => one === first);
  if (verb === undefined)
    throw new StackError(`No fault is named "${first}". There are: ${VERBS.join(', ')}.`, 2);
  if (rest.length !== WORDS[verb].split(' ').length)
    throw new StackError(`Use: fault ${verb} ${WORDS[verb]}`, 2);
  const [one = '', other = '', third = ''] = rest;
  switch (verb) {
    case 'cut':
      return { verb, site: needSite(one, known) };
    case 'part':
      needLink(one, other, known);
      return { verb, one, other };
    case 'mute':
      needLink(one, other, known);
      return { verb, from: one, to: other };
    case 'slow':
      needLink(one, other, known);
      return { verb, one, other, ms: readDelay(third) };
    case 'stop':
      return { verb, process: needProcess(one, known) };
    case 'empty':
      return { verb, member: readMember(one, known) };
    case 'freeze':
    case 'kill':
      return one.includes('/')
        ? { verb, member: readMember(one, known) }
        : { verb, process: needProcess(one, known) };
  }
}

function needSite(name: string, { sites }: KnownNames): string {
  if (sites.includes(name)) return name;
  throw new StackError(`No site is named "${name}". There are: ${sites.join(', ')}.`, 2);
}

function needLink(one: string, other: string, known: KnownNames): void {
  for (const end of [one, other]) {
    if (end !== HUB && !known.sites.includes(end))
      throw new StackError(`No site is named "${end}". There are: ${[...known.sites, HUB].join(', ')}.`, 2);
  }
  if (one === other) throw new StackError(`A link has two ends, not ${one} twice.`, 2);
}

function needProcess(name: string, { processes }: KnownNames): string {
  if (processes.includes(name)) return name;
  throw new StackError(`No process is named "${name}". There are: ${processes.join(', ')}.`, 2);
}

function readMember(text: string, known: KnownNames): MemberPlace {
  const found = /^(?<namespace>[^/]+)\/(?<instance>[^/]+)\/(?<cluster>[^/]+)\/(?<ordinal>\d+|arbiter)$/.exec(
    text,
  )?.groups;
  if (found === undefined)
    throw new StackError(
      `"${text}" is no member: use NAMESPACE/INSTANCE/CLUSTER/ORDINAL, e.g. shop/orders/east/0.`,
      2,
    );
  const { namespace = '', instance = '', cluster = '', ordinal = '' } = found;
  return {
    namespace,
    instance,
    cluster: needSite(cluster, known),
    ordinal: ordinal === 'arbiter' ? ordinal : Number(ordinal),
  };
}

function readDelay(text: string): number {
  const ms = Number(text);
  if (/^\d+$/.test(text) && ms > 0 && ms <= LONGEST_DELAY_MS) return ms;
  throw new StackError(`MS is "${text}": use a whole number from 1 to ${LONGEST_DELAY_MS}.`, 2);
}
