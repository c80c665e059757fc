import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder with package.json above this file, be it compiled (dist/local/stack) or source (local/stack). */
export function packageFolder(from = __dirname): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json was not found above the program.');
  return packageFolder(parent);
}
