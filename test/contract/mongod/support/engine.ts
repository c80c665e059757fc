import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What the suite runs against: a true server binary (MONGOD), else the stand-in built to dist/. */
export interface Engine {
  readonly name: 'mongod' | 'stand-in';
  readonly command: readonly string[];
}

const root = resolve(__dirname, '../../../..');

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });

const staleSource = (): string | undefined =>
  filesBelow(join(root, 'local/mongod'))
    .filter((path) => path.endsWith('.ts'))
    .find((path) => {
      const built = path.replace(root, join(root, 'dist')).replace(/\.ts$/, '.js');
      return !existsSync(built) || statSync(built).mtimeMs < statSync(path).mtimeMs;
    });

/** @throws Error when the stand-in is not built, or older than its source: run `npm run build`. */
export const findEngine = (): Engine => {
  const binary = process.env['MONGOD'];
  if (binary !== undefined && binary !== '') return { name: 'mongod', command: [binary] };
  const stale = staleSource();
  if (stale !== undefined) {
    throw new Error(`dist/ does not hold the present ${stale.replace(`${root}/`, '')}: run npm run build`);
  }
  return { name: 'stand-in', command: [process.execPath, join(root, 'dist/local/mongod/main.js')] };
};
