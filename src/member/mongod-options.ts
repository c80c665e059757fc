import { isMap, parseDocument } from 'yaml';

/** Options as mongod.yaml nests them. */
export interface OptionTree {
  readonly [name: string]: unknown;
}

export type ParsedOptions =
  | { readonly outcome: 'parsed'; readonly options: OptionTree }
  | { readonly outcome: 'unreadable'; readonly message: string };

/** A mongod.yaml with dotted names (`net.port: 1`, which mongod takes too) unfolded into nested ones. */
export function parseOptions(text: string): ParsedOptions {
  const document = parseDocument(text, { merge: true });
  const error = document.errors[0];
  if (error !== undefined) return { outcome: 'unreadable', message: error.message.split('\n')[0] ?? '' };
  if (document.contents === null) return { outcome: 'parsed', options: {} };
  if (!isMap(document.contents)) {
    return { outcome: 'unreadable', message: 'it must be a map of options, such as "net:"' };
  }
  const content: unknown = document.toJS({ maxAliasCount: 20 });
  return { outcome: 'parsed', options: unfold(isTree(content) ? content : {}) };
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
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
