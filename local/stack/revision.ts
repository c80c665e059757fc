import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Short digest of texts, for {@link ProcessSpec}'s revision. */
export function revisionOfTexts(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Short digest of names, sizes and times of all compiled files below these folders. */
export function revisionOfFolders(folders: readonly string[]): string {
  return revisionOfTexts(folders.flatMap(listFacts));
}

function listFacts(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listFacts(path);
    if (!entry.name.endsWith('.js')) return [];
    const { size, mtimeMs } = statSync(path);
    return [`${path} ${size} ${mtimeMs}`];
  });
}
