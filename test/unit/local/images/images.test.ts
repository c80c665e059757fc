import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeImage, writeArchive, type Image } from '../../../../local/images/archive';
import { parseLdd } from '../../../../local/images/base';
import { makeLayer, type LayerEntry } from '../../../../local/images/layer';
import { parseMongodRelease } from '../../../../local/images/mongod-program';

let folder: string;
const cache = process.env['XDG_CACHE_HOME'];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedstate-images-'));
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
});
afterEach(() => {
  if (cache === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = cache;
  rmSync(folder, { recursive: true, force: true });
});

const entries = (content: string): LayerEntry[] => {
  const source = join(folder, 'source');
  writeFileSync(source, content);
  return [
    { kind: 'file', path: '/app/main.js', source, mode: 0o755 },
    { kind: 'text', path: '/etc/passwd', text: 'root:x:0:0::/:\n', mode: 0o644 },
    { kind: 'folder', path: '/tmp', mode: 0o1777 },
    { kind: 'link', path: '/bin/node', target: '/usr/bin/node' },
  ];
};
const sha256 = (data: string | Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

describe('makeLayer', () => {
  it('makes the same tar from the same contents, and another from others', async () => {
    const first = await makeLayer(entries('one'));
    expect(first.digest).toBe(sha256(readFileSync(first.file)));
    expect(first.size).toBe(statSync(first.file).size);
    rmSync(first.file);
    rmSync(`${first.file}.digest`);
    const other = await makeLayer([...entries('one')].reverse());
    expect(other.digest).toBe(first.digest);
    expect((await makeLayer(entries('two'))).digest).not.toBe(first.digest);
  });

  it('keeps modes, links and no owner or time of this machine', async () => {
    const { file } = await makeLayer(entries('three'));
    const listing = execFileSync('tar', ['--numeric-owner', '--utc', '-tvf', file], { encoding: 'utf8' });
    expect(listing).toMatch(/^-rwxr-xr-x 0\/0 +5 1970-01-01 00:00 \.\/app\/main\.js$/m);
    expect(listing).toMatch(/^drwxrwxrwt .* \.\/tmp\/$/m);
    expect(listing).toContain('./bin/node -> /usr/bin/node');
  });
});

describe('writeArchive', () => {
  it('holds every layer once, each blob under its own digest', async () => {
    const layer = await makeLayer(entries('four'));
    const image = (ref: string, env: Record<string, string>): Image => ({
      ref,
      layers: [layer],
      config: { entrypoint: ['/usr/bin/mongod'], env },
    });
    const images = [
      image('docker.io/library/mongo:4.2', { A: '1' }),
      image('docker.io/library/mongo:7.0', { A: '2' }),
    ];
    const archive = await writeArchive({ name: 'platform', images }, join(folder, 'out'));
    const unpacked = mkdtempSync(join(folder, 'unpacked-'));
    execFileSync('tar', ['-xf', archive.file, '-C', unpacked]);
    const blobs = execFileSync('ls', [join(unpacked, 'blobs', 'sha256')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    // One layer, two configurations, two manifests.
    expect(blobs).toHaveLength(5);
    for (const blob of blobs) {
      expect(sha256(readFileSync(join(unpacked, 'blobs', 'sha256', blob)))).toBe(`sha256:${blob}`);
    }
    expect(JSON.parse(readFileSync(join(unpacked, 'index.json'), 'utf8'))).toMatchObject({
      manifests: [
        { digest: archive.digests[0], annotations: { 'io.containerd.image.name': images[0]?.ref } },
        { digest: archive.digests[1], annotations: { 'io.containerd.image.name': images[1]?.ref } },
      ],
    });
    expect(await writeArchive({ name: 'platform', images }, join(folder, 'out'))).toEqual(archive);
  });

  it('says in the configuration how a container starts', () => {
    const { config, manifest } = describeImage(
      { ref: 'r', layers: [], config: { entrypoint: ['/p'], user: '65532', env: { K: 'v' } } },
      'amd64',
    );
    expect(JSON.parse(config.text)).toMatchObject({
      architecture: 'amd64',
      config: { Entrypoint: ['/p'], User: '65532', Env: [expect.stringMatching(/^PATH=/), 'K=v'] },
    });
    expect(JSON.parse(manifest.text)).toMatchObject({
      config: { digest: sha256(config.text), size: config.size },
    });
  });
});

describe('what other programs print', () => {
  it('reads ldd, loader included, virtual object excluded', () => {
    const text = [
      '\tlinux-vdso.so.1 (0x00007ffd)',
      '\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007fc9)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007fc9)',
      '\tlibgone.so => not found',
    ].join('\n');
    expect(parseLdd(text)).toEqual(['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2']);
  });

  it('reads the release of a mongod', () => {
    expect(
      parseMongodRelease('db version v4.2.25\ngit version: 41b59c2bfb5121e66f18cc3ef40055a1b5fb6c2e'),
    ).toBe('4.2');
    expect(parseMongodRelease('etcd Version: 3.6')).toBeUndefined();
  });
});
