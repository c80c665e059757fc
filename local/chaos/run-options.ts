import { runCommand } from '../stack/command';
import { StackError } from '../stack/stack-error';

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
