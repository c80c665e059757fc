import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

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

const buildSchema = z.looseObject({
  fileNames: z.array(z.string()),
  fileInfos: z.array(z.union([z.string(), z.looseObject({ version: z.string() })])),
});

/** Digest of each source that the compiler made dist/ of, by path: times tell nothing, as it does not write again what is the same. */
const readCompiled = (): ReadonlyMap<string, string> => {
  const path = join(root, 'dist/.tsbuildinfo');
  if (!existsSync(path)) return new Map();
  const { fileNames, fileInfos } = buildSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  return new Map(
    fileNames.map((name, index) => {
      const info = fileInfos[index];
      return [resolve(root, 'dist', name), (typeof info === 'string' ? info : info?.version) ?? ''];
    }),
  );
};

const staleSource = (): string | undefined => {
  const compiled = readCompiled();
  return filesBelow(join(root, 'local/mongod'))
    .filter((path) => path.endsWith('.ts'))
    .find((path) => compiled.get(path) !== createHash('sha256').update(readFileSync(path)).digest('hex'));
};

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
