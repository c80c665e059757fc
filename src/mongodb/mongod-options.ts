import { parseDocument } from 'yaml';
import { messageOf } from '../domain/errors';

/** Options as mongod.yaml nests them. */
export interface OptionTree {
  readonly [name: string]: unknown;
}

export type ParsedOptions =
  | { readonly outcome: 'parsed'; readonly options: OptionTree }
  | { readonly outcome: 'unreadable'; readonly message: string };

/** More than any mongod has, and few enough to be merged at once whatever is sent. */
const MAX_OPTIONS = 1000;
const MAX_DEPTH = 12;
const MAX_ALIASES = 20;
/** Characters without blank lines and comments: what the parser takes time and memory for. */
const MAX_OPTION_TEXT = 32 * 1024;

/** A mongod.yaml with dotted names (`net.port: 1`, which mongod takes too) unfolded into nested ones. */
export function parseOptions(text: string): ParsedOptions {
  const size = text.replace(/^[ \t]*(?:#.*)?(?:\r?\n|$)/gm, '').length;
  if (size > MAX_OPTION_TEXT)
    return {
      outcome: 'unreadable',
      message: `it has ${size} characters besides comments, ${MAX_OPTION_TEXT} at most are read`,
    };
  const read = readYaml(text);
  if ('message' in read) return { outcome: 'unreadable', message: read.message };
  if (read.content === null) return { outcome: 'parsed', options: {} };
  if (!isTree(read.content))
    return { outcome: 'unreadable', message: 'it must be a map of options, such as "net:"' };
  const fault = findFault(read.content);
  return fault === undefined
    ? { outcome: 'parsed', options: unfold(read.content) }
    : { outcome: 'unreadable', message: fault };
}

function readYaml(text: string): { readonly content: unknown } | { readonly message: string } {
  try {
    const document = parseDocument(text, { merge: true, logLevel: 'error' });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) return { message: describeProblem(problem.message) };
    const content: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return { content };
  } catch (error) {
    // The parser throws for aliases that lead nowhere or multiply, and for what is nested beyond the stack.
    return { message: describeProblem(messageOf(error)) };
  }
}

// The rest of the message quotes the lines around.
function describeProblem(message: string): string {
  const first = (message.split('\n')[0] ?? '').replace(/:$/, '');
  return first.startsWith('Maximum call stack') ? 'it is nested too deeply' : first;
}

/** What mongod has no option for, whatever it is called: the first by its name, with the remedy. */
function findFault(tree: OptionTree): string | undefined {
  let count = 0;

  function inspect(value: unknown, path: readonly string[]): string | undefined {
    const name = path.join('.').slice(0, 80);
    if (path.join('.').split('.').length > MAX_DEPTH)
      return `${name}: options are nested ${MAX_DEPTH} levels at most`;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return undefined;
    if (typeof value === 'number')
      return Number.isFinite(value) ? undefined : `${name} is no number that mongod takes: write digits`;
    if (!Array.isArray(value) && !isTree(value))
      return `${name} is neither text, a number, true, false, a list nor a map: write one of them`;
    for (const [key, item] of Object.entries(value)) {
      count += 1;
      if (count > MAX_OPTIONS) return `it holds more than ${MAX_OPTIONS} options: take some out`;
      const fault = inspect(item, [...path, key]);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  return inspect(tree, []);
}

function unfold(tree: OptionTree): OptionTree {
  let result: OptionTree = {};
  for (const [name, value] of Object.entries(tree)) {
    // The empty value of a heading means nothing is set below it.
    if (value === null) continue;
    result = setOption(result, name, isTree(value) && !isFreeForm(name) ? unfold(value) : value);
  }
  return result;
}

// Names below setParameter are parameters, dots and all.
const isFreeForm = (name: string): boolean => name === 'setParameter';

export function isTree(value: unknown): value is OptionTree {
  // A plain map only: YAML 1.1 also makes dates, sets and bytes.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function getOption(tree: OptionTree, path: string): unknown {
  let place: unknown = tree;
  for (const name of path.split('.')) {
    if (!isTree(place) || !Object.hasOwn(place, name)) return undefined;
    place = place[name];
  }
  return place;
}

/** A copy with the option set; trees on both sides are merged. */
export function setOption(tree: OptionTree, path: string, value: unknown): OptionTree {
  const [name = '', ...rest] = path.split('.');
  const present = Object.hasOwn(tree, name) ? tree[name] : undefined;
  const next =
    rest.length > 0
      ? setOption(isTree(present) ? present : {}, rest.join('.'), value)
      : isTree(present) && isTree(value)
        ? mergeOptions(present, value)
        : value;
  return Object.fromEntries([...Object.entries(tree).filter(([key]) => key !== name), [name, next]]);
}

/** A copy without the option, and without the headings that it leaves empty. */
export function removeOption(tree: OptionTree, path: string): OptionTree {
  const [name = '', ...rest] = path.split('.');
  const others = Object.entries(tree).filter(([key]) => key !== name);
  const present = tree[name];
  if (rest.length === 0 || !isTree(present)) return Object.fromEntries(others);
  const below = removeOption(present, rest.join('.'));
  return Object.fromEntries(Object.keys(below).length === 0 ? others : [...others, [name, below]]);
}

/** Both together; where both set one option, `over` wins. */
export function mergeOptions(under: OptionTree, over: OptionTree): OptionTree {
  let result = under;
  for (const [name, value] of Object.entries(over)) {
    const present = Object.hasOwn(result, name) ? result[name] : undefined;
    const merged = isTree(present) && isTree(value) ? mergeOptions(present, value) : value;
    result = { ...result, [name]: merged };
  }
  return result;
}
