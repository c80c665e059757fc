import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAUSE_IMAGE } from '../stack/node-specs';
import { runCommand, succeeds } from '../stack/command';
import { StackError } from '../stack/stack-error';
import { isExecutable, keepProgram, cacheFolder } from '../programs/program-cache';
import type { Image, ImageSet } from './archive';
import { baseEntries, programEntries } from './base';
import { bundleProgram } from './bundle';
import { hashFile, makeLayer, type Layer, type LayerEntry } from './layer';
import { findMongods } from './mongod-program';

export const FEDSTATE_IMAGE = 'docker.io/fedstate/fedstate:dev';
export const EXPORTER_IMAGE = 'docker.io/percona/mongodb_exporter:0.40';
export const MONGO_RELEASES = ['4.2', '4.4', '5.0', '6.0', '7.0'] as const;

/**
 * Images that change with the machine and the stand-ins only.
 * @param packageFolder folder of package.json; its dist/ must be built
 */
export function makePlatformImages(packageFolder: string): Promise<ImageSet> {
  return withBundles(async (bundles) => {
    const dist = join(packageFolder, 'dist', 'local');
    const [base, pause, standIn, exporter] = await Promise.all([
      baseEntries().then(makeLayer),
      makePauseLayer(packageFolder),
      makeStandInLayer(join(dist, 'mongod', 'main.js'), bundles),
      bundleProgram(join(dist, 'exporter', 'main.js'), bundles, 'exporter').then((file) =>
        makeLayer([fileEntry('/app/exporter.js', file)]),
      ),
    ]);
    const entrypoint = ['/usr/bin/node', '--max-old-space-size=48', '/app/exporter.js'];
    return {
      name: 'platform',
      images: [
        { ref: PAUSE_IMAGE, layers: [pause], config: { entrypoint: ['/pause'] } },
        ...(await makeMongoImages(packageFolder, base, standIn)),
        { ref: EXPORTER_IMAGE, layers: [base, exporter], config: { entrypoint, user: '65532' } },
      ],
    };
  });
}

/** The image of the product itself, which changes with every build of src/. */
export function makeProductImages(packageFolder: string): Promise<ImageSet> {
  return withBundles(async (bundles) => {
    const dist = join(packageFolder, 'dist', 'src');
    const [base, main, prepare] = await Promise.all([
      baseEntries().then(makeLayer),
      bundleProgram(join(dist, 'main.js'), bundles, 'main'),
      bundleProgram(join(dist, 'member', 'prepare.js'), bundles, 'prepare'),
    ]);
    const layer = await makeLayer([fileEntry('/app/main.js', main), fileEntry('/app/prepare.js', prepare)]);
    const config = { entrypoint: ['/usr/bin/node', '/app/main.js'], user: '65532' };
    return { name: 'product', images: [{ ref: FEDSTATE_IMAGE, layers: [base, layer], config }] };
  });
}

async function withBundles<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const bundles = mkdtempSync(join(tmpdir(), 'fedstate-image-'));
  try {
    return await body(bundles);
  } finally {
    rmSync(bundles, { recursive: true, force: true });
  }
}

async function makeStandInLayer(program: string, bundles: string): Promise<Layer> {
  const file = await bundleProgram(program, bundles, 'mongod', '/usr/bin/node');
  return makeLayer([{ kind: 'file', path: '/usr/bin/mongod', source: file, mode: 0o755 }]);
}

/** Each release from a true mongod where one is found, else from the stand-in, told by MONGOD_ENGINE. */
async function makeMongoImages(
  packageFolder: string,
  base: Layer,
  standIn: Layer,
): Promise<readonly Image[]> {
  const found = new Map((await findMongods(packageFolder)).map(({ release, path }) => [release, path]));
  const imageOf = async (release: string): Promise<Image> => {
    const path = found.get(release);
    const layer =
      path === undefined ? standIn : await makeLayer(await programEntries(path, '/usr/bin/mongod'));
    return {
      ref: `docker.io/library/mongo:${release}`,
      layers: [base, layer],
      config: {
        entrypoint: ['/usr/bin/mongod'],
        user: '999',
        env: { MONGOD_DIALECT: release, MONGOD_ENGINE: path === undefined ? 'stand-in' : 'mongod' },
      },
    };
  };
  return Promise.all([...new Set([...MONGO_RELEASES, ...found.keys()])].map(imageOf));
}

async function makePauseLayer(packageFolder: string): Promise<Layer> {
  const folder = join(packageFolder, 'local', 'tools', 'pause');
  const kept = join(cacheFolder(), 'bin', `pause-${(await hashFile(join(folder, 'main.go'))).slice(0, 12)}`);
  const program = join(kept, 'pause');
  if (!isExecutable(program)) {
    if (!(await succeeds('go', ['version']))) {
      throw new StackError('The pause image needs Go once, to build local/tools/pause: install Go.', 3);
    }
    mkdirSync(kept, { recursive: true });
    const made = join(kept, `pause.${process.pid}`);
    await runCommand('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', made, '.'], {
      cwd: folder,
      env: { CGO_ENABLED: '0', GOWORK: 'off' },
    });
    keepProgram(kept, 'pause', made);
    rmSync(made);
  }
  return makeLayer([{ kind: 'file', path: '/pause', source: program, mode: 0o755 }]);
}

const fileEntry = (path: string, source: string): LayerEntry => ({ kind: 'file', path, source, mode: 0o644 });
