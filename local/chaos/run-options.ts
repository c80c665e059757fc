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
export const RUN_FLAGS = {
  fault: { type: 'string' },
  step: { type: 'string' },
  seed: { type: 'string' },
  together: { type: 'string' },
  strokes: { type: 'string' },
  image: { type: 'string' },
  resume: { type: 'boolean' },
  page: { type: 'boolean' },
  list: { type: 'boolean' },
} as const;

export interface RunOptions {
  readonly faults: readonly string[] | undefined;
  readonly step: string | undefined;
  readonly seed: number;
  readonly together: number;
  readonly strokes: number;
  readonly image: string;
  readonly resume: boolean;
  readonly page: boolean;
  readonly list: boolean;
}

type Values = Readonly<{
  [Flag in keyof typeof RUN_FLAGS]?: (typeof RUN_FLAGS)[Flag]['type'] extends 'string' ? string : boolean;
}>;

/** @param together lives side by side when the flag is left out. @throws StackError naming a wrong flag */
export function readRunOptions(values: Values, together: number): RunOptions {
  return {
    faults: values.fault?.split(','),
    step: values.step,
    seed: readCount('--seed', values.seed) ?? chooseSeed(process.env),
    together: readCount('--together', values.together) ?? together,
    strokes: readCount('--strokes', values.strokes) ?? 1,
    image: values.image ?? 'mongo:4.2',
    resume: values.resume === true,
    page: values.page === true,
    list: values.list === true,
  };
}
