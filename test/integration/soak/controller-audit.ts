import type { Account, Ledger } from './ledger';
import type { LoadBook } from './instance-load';
import type { SurroundingsLoad } from './surroundings-load';

/** An instance as the API server has it at the end. */
export interface Living {
  readonly uid: string;
  readonly name: string;
  readonly generation: number;
  readonly isDeleting: boolean;
  readonly hasFinalizer: boolean;
}

export interface ControllerFindings {
  /** Changes that no entity was told. */
  readonly lost: string[];
  /** Pokes beyond what at-least-once needs. */
  readonly doubled: string[];
  /** Pokes with a generation older than one that went before. */
  readonly reversed: string[];
}

const told = ({ ref, pokes, lostAnswers }: Account): string =>
  `${ref.name} ${ref.uid.slice(0, 8)} told ${pokes.map(({ generation, isDeletion }) => `${generation}${isDeletion ? 'd' : ''}`).join(' ')}, ${lostAnswers} answers lost`;

/** What should not be, once everything has had its time. */
export function auditController(
  living: readonly Living[],
  { accounts }: Pick<Ledger, 'accounts'>,
  book: LoadBook,
  { steady, clusters, bindings }: SurroundingsLoad,
): ControllerFindings {
  const lost: string[] = [];
  const doubled: string[] = [];
  const reversed: string[] = [];
  const alive = new Set(living.map(({ uid }) => uid));
  const left = new Set(steady.map(({ uid }) => uid));

  for (const { uid, name, generation, isDeleting, hasFinalizer } of living) {
    if (!hasFinalizer) lost.push(`${name} has no finalizer`);
    const account = accounts.get(uid);
    const last = account?.pokes.at(-1);
    if (last?.generation !== generation || last.isDeletion !== isDeleting)
      lost.push(`${name} is at ${generation}: ${account === undefined ? 'never told' : told(account)}`);
  }
  for (const [uid, account] of accounts) {
    const { pokes, lostAnswers, goneAt } = account;
    if (!alive.has(uid) && goneAt === undefined && !pokes.some(({ isDeletion }) => isDeletion))
      lost.push(`a deletion: ${told(account)}`);
    if (pokes.some(({ generation }, index) => generation < (pokes[index - 1]?.generation ?? 0)))
      reversed.push(told(account));
    if (left.has(uid)) continue;
    // One for each generation that was seen, one for each change of an annotation, one again for each lost answer.
    const generations = new Set(pokes.map(({ generation }) => generation)).size;
    const most = generations + (book.annotated.get(uid) ?? 0) + lostAnswers;
    if (pokes.length > most) doubled.push(`${told(account)}: at most ${most}`);
  }
  for (const { name, uid, cluster } of steady) {
    const account = accounts.get(uid);
    const causes = [clusters.get(cluster), bindings.get(name)].filter((cause) => cause !== undefined);
    const lastCause = Math.max(...causes.map(({ lastSentAt }) => lastSentAt));
    const lastPoke = account?.pokes.at(-1)?.at ?? 0;
    if (lastPoke < lastCause) lost.push(`the last change around ${name}`);
    const most = causes.reduce((sum, { tried }) => sum + tried, 1 + (account?.lostAnswers ?? 0));
    if ((account?.pokes.length ?? 0) > most)
      doubled.push(`${name}: ${account?.pokes.length ?? 0} of ${most}`);
  }
  return { lost, doubled, reversed };
}

/** From the acknowledgement of a change to the poke that covers it, ms; deletions apart. */
export function measureLatencies(
  { accounts }: Pick<Ledger, 'accounts'>,
  { specs, deletions }: LoadBook,
): { readonly specs: number[]; readonly deletions: number[]; readonly superseded: number } {
  const found: number[] = [];
  let superseded = 0;
  for (const { uid, generation, at } of specs) {
    const poke = accounts.get(uid)?.pokes.find((one) => one.generation >= generation);
    if (poke === undefined) superseded += 1;
    else found.push(Math.max(0, poke.at - at));
  }
  const gone = deletions.flatMap(({ uid, at }) => {
    const account = accounts.get(uid);
    const heardAt = account?.pokes.find(({ isDeletion }) => isDeletion)?.at ?? account?.goneAt;
    return heardAt === undefined ? [] : [Math.max(0, heardAt - at)];
  });
  return { specs: found, deletions: gone, superseded };
}
