import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeArchive, type ImageArchive } from '../images/archive';
import { makePlatformImages, makeProductImages } from '../images/image-catalog';
import { findMongods } from '../images/mongod-program';
import { readJsonFile, writeFileAtomically } from './json-file';
import type { StackLayout } from './layout';
import { revisionOfFolders, revisionOfTexts } from './revision';
import { messageOf } from './stack-error';

/** Archives that nodes import. A product that does not build yet is left out, and its string says why. */
export interface Archives {
  readonly platform: ImageArchive;
  readonly product: ImageArchive | string;
}

const archiveSchema = z.object({
  name: z.enum(['platform', 'product']),
  file: z.string(),
  digests: z.array(z.string()),
});
const recordSchema = z.object({ revision: z.string(), platform: archiveSchema, product: archiveSchema });

/** Makes the stack's image archives, or finds those that were made from the very same files. */
export async function makeArchives(layout: StackLayout, packageFolder: string): Promise<Archives> {
  const recordFile = join(layout.imageFolder, 'archives.json');
  const revision = await revisionOfImages(packageFolder);
  const known = readJsonFile(recordFile, recordSchema);
  if (known?.revision === revision && [known.platform, known.product].every(({ file }) => existsSync(file))) {
    return known;
  }
  mkdirSync(layout.imageFolder, { recursive: true });
  const [platform, product] = await Promise.all([
    makePlatformImages(packageFolder).then((set) => writeArchive(set, layout.imageFolder)),
    // A source tree that does not build yet must not keep the clusters from starting.
    makeProductImages(packageFolder).then(
      (set) => writeArchive(set, layout.imageFolder),
      (error: unknown) => messageOf(error).split('\n').slice(0, 2).join(' '),
    ),
  ]);
  const archives = { platform, product };
  removeOtherFiles(layout.imageFolder, listArchives(archives));
  if (typeof product !== 'string') {
    writeFileAtomically(recordFile, JSON.stringify({ revision, platform, product }));
  }
  return archives;
}

export function listArchives({ platform, product }: Archives): readonly ImageArchive[] {
  return typeof product === 'string' ? [platform] : [platform, product];
}

async function revisionOfImages(packageFolder: string): Promise<string> {
  const dist = join(packageFolder, 'dist');
  const mongods = await findMongods(packageFolder);
  return revisionOfTexts([
    revisionOfFolders(
      ['src', 'local/mongod', 'local/exporter', 'local/images'].map((room) => join(dist, room)),
    ),
    `${process.execPath} ${process.version}`,
    JSON.stringify(mongods),
  ]);
}

/** Every build of the product leaves an archive of 100 MB behind. */
function removeOtherFiles(folder: string, kept: readonly ImageArchive[]): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!kept.some((archive) => archive.file === path)) rmSync(path, { recursive: true, force: true });
  }
}
