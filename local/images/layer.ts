import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import {
  copyFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cacheFolder } from '../programs/program-cache';
import { runCommand } from '../stack/command';

/** One entry of a layer's file tree; paths inside the image are absolute. */
export type LayerEntry =
  | { readonly kind: 'file'; readonly path: string; readonly source: string; readonly mode: number }
  | { readonly kind: 'text'; readonly path: string; readonly text: string; readonly mode: number }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** A finished layer: an uncompressed tar, whose digest is diff id and blob digest in one. */
export interface Layer {
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly size: number;
  readonly file: string;
}

const LARGE_BYTES = 16 * 1024 * 1024;

/** Makes the layer, or takes it from the cache when the same entries with the same contents were made before. */
export async function makeLayer(entries: readonly LayerEntry[]): Promise<Layer> {
  const key = await hashEntries(entries);
  const begun = inWork.get(key) ?? makeKeyed(key, entries);
  inWork.set(key, begun);
  return begun;
}

/** Layers that this process makes, so that two images which share one make it once. */
const inWork = new Map<string, Promise<Layer>>();

async function makeKeyed(key: string, entries: readonly LayerEntry[]): Promise<Layer> {
  const folder = join(cacheFolder(), 'images');
  const file = join(folder, `${key}.tar`);
  const digestFile = `${file}.digest`;
  if (!existsSync(digestFile)) {
    await mkdir(folder, { recursive: true });
    const draft = `${file}.${process.pid}.tmp`;
    await writeTar(entries, draft);
    await writeFile(`${digestFile}.${process.pid}.tmp`, `sha256:${await hashFile(draft)}`);
    await rename(draft, file);
    await rename(`${digestFile}.${process.pid}.tmp`, digestFile);
  }
  return { digest: await readFile(digestFile, 'utf8'), size: (await stat(file)).size, file };
}

/** Same entries, same tar: sorted, without times and owners. */
async function writeTar(entries: readonly LayerEntry[], out: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'fedstate-layer-'));
  try {
    for (const entry of entries) {
      const path = join(root, entry.path);
      await mkdir(dirname(path), { recursive: true });
      switch (entry.kind) {
        case 'file':
          await copyFile(entry.source, path);
          break;
        case 'text':
          await writeFile(path, entry.text);
          break;
        case 'folder':
          await mkdir(path, { recursive: true });
          break;
        case 'link':
          await symlink(entry.target, path);
      }
      if (entry.kind !== 'link') await chmod(path, entry.mode);
    }
    await runCommand('tar', [
      ...['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'],
      ...['-cf', out, '-C', root, '.'],
    ]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function hashEntries(entries: readonly LayerEntry[]): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of entries) {
    const content = entry.kind === 'file' ? await identifyFile(entry.source) : '';
    hash.update(JSON.stringify([entry.kind === 'file' ? { ...entry, source: content } : entry]));
  }
  return hash.digest('hex').slice(0, 32);
}

/** A large program that is still the same file need not be read again. */
async function identifyFile(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  return size > LARGE_BYTES ? `${path} ${size} ${mtimeMs} ${ino}` : hashFile(path);
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
