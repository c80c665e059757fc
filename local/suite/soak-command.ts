import { parseArgs } from 'node:util';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { runJest } from './jest-run';
import { offerPrograms } from './programs';

const USAGE = `npm run soak [-- OPTIONS]
  --seconds N    of bad weather, once without and once with a watch cache in the API server; 120 when left out
  --seed N       which changes and blows; by chance when left out, and printed`;

/** `npm run soak`: the watches under fire for minutes. Gives the exit code. @throws StackError naming a wrong flag */
export async function runSoakCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '120' }, seed: { type: 'string' } },
  });
  const seconds = Number(values.seconds);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
  if (!(seconds > 0) || !Number.isInteger(seed)) throw new StackError(USAGE, 2);
  const home = packageFolder();
  await offerPrograms(home, (line) => {
    process.stdout.write(`${line}\n`);
  });
  const env = { SOAK_SECONDS: String(seconds), SOAK_SEED: String(seed) };
  const { failed, passed } = await runJest(home, ['integration'], env, 'side by side', [
    'test/integration/soak',
  ]);
  return failed === 0 && passed > 0 ? 0 : 1;
}
