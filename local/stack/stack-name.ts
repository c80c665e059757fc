import { DEFAULT_MEMBERS, MAX_MEMBERS } from './layout';
import { StackError } from './stack-error';

const STACK_NAME = /^[a-z][a-z0-9-]{0,15}$/;
const MEMBER_NAME = /^[a-z][a-z0-9]{0,7}$/;

/** Name of the stack: FEDSTATE_STACK, `demo` when unset. @throws StackError (2) naming the variable */
export function readStackName(environment: Readonly<Record<string, string | undefined>>): string {
  const name = environment['FEDSTATE_STACK'] ?? 'demo';
  if (STACK_NAME.test(name)) return name;
  throw new StackError(
    `FEDSTATE_STACK is "${name}": use a letter, then at most 15 letters, digits or dashes, e.g. demo.`,
    2,
  );
}

/**
 * Names of the members from `--members`, comma-joined. They become interface names, hence at most 8 characters.
 * @throws StackError (2) naming the bad one
 */
export function parseMemberNames(text: string | undefined): readonly string[] {
  if (text === undefined) return DEFAULT_MEMBERS;
  const names = text.split(',').map((name) => name.trim());
  const bad = names.find((name) => !MEMBER_NAME.test(name) || name === 'karmada');
  if (bad !== undefined) {
    throw new StackError(
      `--members names "${bad}": use a letter, then at most 7 letters or digits, and not "karmada".`,
      2,
    );
  }
  if (new Set(names).size !== names.length) throw new StackError('--members names one cluster twice.', 2);
  if (names.length > MAX_MEMBERS) {
    throw new StackError(
      `--members names ${names.length} clusters: at most ${MAX_MEMBERS} fit one stack.`,
      2,
    );
  }
  return names;
}

/** Files by member out of `--member NAME=KUBECONFIG …`. @throws StackError (2) naming the bad one */
export function parseMemberKubeconfigs(texts: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const text of texts) {
    const [, name, file] = /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)=(.+)$/.exec(text) ?? [];
    if (name === undefined || file === undefined) {
      throw new StackError(
        `--member ${text}: use NAME=KUBECONFIG, with the name that Karmada has for it.`,
        2,
      );
    }
    if (files.has(name)) throw new StackError(`--member names ${name} twice.`, 2);
    files.set(name, file);
  }
  return files;
}
