import { delimiter, dirname } from 'node:path';
import { obtainPrograms } from '../programs/obtain';

/** Programs that suites start: they look them up by environment, as a person's machine might have them elsewhere. */
export async function offerPrograms(home: string, say: (line: string) => void): Promise<void> {
  const programs = await obtainPrograms({ packageFolder: home, tell: say });
  process.env['FEDSTATE_BIN'] = [...new Set(Object.values(programs).map((path) => dirname(path)))].join(
    delimiter,
  );
}
