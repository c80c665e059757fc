import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { StackError } from '../stack/stack-error';

/** Left out of every bundle: they carry native code, or are optional to the libraries that ask for them. */
const LEFT_OUT = [
  '@temporalio/*',
  'kerberos',
  '@mongodb-js/zstd',
  'snappy',
  'aws4',
  '@aws-sdk/credential-providers',
  'gcp-metadata',
  'mongodb-client-encryption',
  'pino-pretty',
  'bufferutil',
  'utf-8-validate',
];

/**
 * Packs a compiled program and the packages that it loads into one file, so that an image needs no node_modules.
 * @param interpreter makes the file a script of its own, e.g. `/usr/bin/node`
 * @throws StackError when the program was not compiled
 */
export async function bundleProgram(
  source: string,
  folder: string,
  name: string,
  interpreter?: string,
): Promise<string> {
  if (!existsSync(source)) throw new StackError(`${source} is missing: run npm run build.`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${name}.js`);
  const draft = `${file}.${process.pid}.tmp`;
  await build({
    entryPoints: [source],
    outfile: draft,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    external: LEFT_OUT,
    ...(interpreter === undefined ? {} : { banner: { js: `#!${interpreter}` } }),
    logLevel: 'silent',
  });
  await rename(draft, file);
  return file;
}
