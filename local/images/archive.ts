import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../stack/command';
import type { Layer } from './layer';

/** How a container of the image starts. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
}

export interface Image {
  /** With registry and tag, e.g. `docker.io/library/mongo:4.2`. */
  readonly ref: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** Images of one archive. Nodes import an archive again only when its images changed. */
export interface ImageSet {
  readonly name: 'platform' | 'product';
  readonly images: readonly Image[];
}

export interface ImageArchive {
  readonly name: ImageSet['name'];
  readonly file: string;
  /** Digests of the images' manifests, which tell one set of images from another. */
  readonly digests: readonly string[];
}

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly text: string;
}

const OCI = 'application/vnd.oci.image';
const PATH = 'PATH=/usr/local/bin:/usr/bin:/bin';

/** Configuration and manifest of an image as the OCI image specification has them. Pure. */
export function describeImage(
  image: Image,
  arch: string,
): { readonly config: Blob; readonly manifest: Blob } {
  const { entrypoint, command, env, user } = image.config;
  const config = makeBlob({
    architecture: arch,
    os: 'linux',
    config: {
      ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
      ...(command === undefined ? {} : { Cmd: command }),
      ...(user === undefined ? {} : { User: user }),
      Env: [PATH, ...Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`)],
    },
    rootfs: { type: 'layers', diff_ids: image.layers.map((layer) => layer.digest) },
  });
  const manifest = makeBlob({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, digest: config.digest, size: config.size },
    layers: image.layers.map(({ digest, size }) => ({ mediaType: `${OCI}.layer.v1.tar`, digest, size })),
  });
  return { config, manifest };
}

/** Go's name of this machine's architecture, as images carry it. */
export function imageArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

/**
 * Writes one archive (OCI image layout in a tar) that `ctr images import` takes, every layer once. One that was written
 * before is left as it is.
 */
export async function writeArchive({ name, images }: ImageSet, folder: string): Promise<ImageArchive> {
  const described = images.map((image) => ({ image, ...describeImage(image, imageArchitecture()) }));
  const index = JSON.stringify({
    schemaVersion: 2,
    manifests: described.map(({ image, manifest }) => ({
      mediaType: `${OCI}.manifest.v1+json`,
      digest: manifest.digest,
      size: manifest.size,
      platform: { architecture: imageArchitecture(), os: 'linux' },
      annotations: { 'io.containerd.image.name': image.ref },
    })),
  });
  const file = join(folder, `${createHash('sha256').update(index).digest('hex').slice(0, 32)}.oci.tar`);
  const archive = { name, file, digests: described.map(({ manifest }) => manifest.digest) };
  if (existsSync(file)) return archive;
  await mkdir(folder, { recursive: true });
  const root = await mkdtemp(join(folder, 'archive-'));
  try {
    const blobs = join(root, 'blobs', 'sha256');
    await mkdir(blobs, { recursive: true });
    const at = (digest: string): string => join(blobs, digest.replace('sha256:', ''));
    for (const { config, manifest } of described) {
      await writeFile(at(config.digest), config.text);
      await writeFile(at(manifest.digest), manifest.text);
    }
    const layers = new Map(
      images.flatMap((image) => image.layers).map((layer) => [layer.digest, layer.file]),
    );
    for (const [digest, source] of layers) await symlink(source, at(digest));
    await writeFile(join(root, 'index.json'), index);
    await writeFile(join(root, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const draft = `${root}.tar`;
    await runCommand('tar', ['-chf', draft, '-C', root, 'oci-layout', 'index.json', 'blobs']);
    await rename(draft, file);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return archive;
}

function makeBlob(content: object): Blob {
  const text = JSON.stringify(content);
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  return { digest, size: Buffer.byteLength(text), text };
}
