import { runCommand } from '../stack/command';
import { StackError } from '../stack/stack-error';
import { chooseSeed } from './random';

/** Of a commit that the sources no longer are. */
export const CHANGED = ' with changes';

/** @throws StackError naming the flag */
export function readCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (text !== '' && Number.isSafeInteger(count) && count >= 0) return count;
  throw new StackError(`${flag} ${text}: use a whole number.`, 2);
}

/** e.g. `abc1234`, with a note when the sources are others by now. */
export async function readCommit(home: string): Promise<string> {
  const git = (args: readonly string[]): Promise<string> => runCommand('git', args, { cwd: home });
  const commit = (await git(['rev-parse', '--short', 'HEAD'])).trim();
  return (await git(['status', '--porcelain', '--', 'src', 'local'])) === '' ? commit : `${commit}${CHANGED}`;
}

/** Flags of every run, for `parseArgs`. */
export const SHARED_FLAGS = {
  seed: { type: 'string' },
  image: { type: 'string' },
  resume: { type: 'boolean' },
  page: { type: 'boolean' },
  list: { type: 'boolean' },
} as const;

/** And of those that strike at boundaries. */
export const RUN_FLAGS = {
  ...SHARED_FLAGS,
  fault: { type: 'string' },
  step: { type: 'string' },
  together: { type: 'string' },
  strokes: { type: 'string' },
} as const;

export interface SharedOptions {
  readonly seed: number;
  readonly image: string;
  readonly resume: boolean;
  readonly page: boolean;
  readonly list: boolean;
}

export interface RunOptions extends SharedOptions {
  readonly faults: readonly string[] | undefined;
  readonly step: string | undefined;
  readonly together: number;
  readonly strokes: number;
}

type Values<Flags extends Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>> = Readonly<{
  [Flag in keyof Flags]?: Flags[Flag]['type'] extends 'string' ? string : boolean;
}>;

/** @throws StackError naming a wrong flag */
export function readSharedOptions(values: Values<typeof SHARED_FLAGS>): SharedOptions {
  return {
    seed: readCount('--seed', values.seed) ?? chooseSeed(process.env),
    image: values.image ?? 'mongo:4.2',
    resume: values.resume === true,
    page: values.page === true,
    list: values.list === true,
  };
}

/** @param together lives side by side when the flag is left out. @throws StackError naming a wrong flag */
export function readRunOptions(values: Values<typeof RUN_FLAGS>, together: number): RunOptions {
  return {
    ...readSharedOptions(values),
    faults: values.fault?.split(','),
    step: values.step,
    together: readCount('--together', values.together) ?? together,
    strokes: readCount('--strokes', values.strokes) ?? 1,
  };
}
