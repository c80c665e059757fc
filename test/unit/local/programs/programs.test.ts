import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listToolSets, PROGRAM_NAMES } from '../../../../local/programs/catalog';
import { obtainKubectl, obtainPrograms } from '../../../../local/programs/obtain';
import { findChecksum } from '../../../../local/programs/program-download';
import { packageFolder } from '../../../../local/stack/package-folder';

const home = packageFolder();
const kept = { ...process.env };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedstate-programs-'));
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  process.env['FEDSTATE_DOWNLOADS'] = 'off';
});
afterEach(() => {
  process.env = { ...kept };
  rmSync(folder, { recursive: true, force: true });
});

function place(name: string, says: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('the catalog', () => {
  it('has every program once, each with a download and a checksum over https', () => {
    const programs = listToolSets('arm64').flatMap((set) => set.programs);
    expect(programs.map((program) => program.name).sort()).toEqual([...PROGRAM_NAMES].sort());
    for (const { download } of programs) {
      expect(download.url).toMatch(/^https:\/\/.*arm64/);
      expect(download.checksumUrl).toMatch(/^https:\/\//);
    }
  });
});

describe('obtaining programs', () => {
  it('takes a folder named in FEDSTATE_BIN as it is', async () => {
    for (const name of PROGRAM_NAMES) place(name, 'any');
    process.env['FEDSTATE_BIN'] = folder;
    const paths = await obtainPrograms({ packageFolder: home, tell: () => undefined });
    expect(paths.etcd).toBe(join(folder, 'etcd'));
    expect(Object.keys(paths).sort()).toEqual([...PROGRAM_NAMES].sort());
  });

  it('takes a program on PATH only when its version is right', async () => {
    place('kubectl', 'Client Version: v1.36.9');
    process.env['PATH'] = folder;
    delete process.env['FEDSTATE_BIN'];
    await expect(obtainKubectl({ packageFolder: home, tell: () => undefined })).resolves.toBe(
      join(folder, 'kubectl'),
    );
    place('kubectl', 'Client Version: v1.24.0');
    // No Go on this PATH either: the answer must say what to do.
    await expect(obtainKubectl({ packageFolder: home, tell: () => undefined })).rejects.toThrow(
      /kubectl v1\.36\.2 cannot be had.*FEDSTATE_BIN/,
    );
  });
});

describe('findChecksum', () => {
  const sum = 'a'.repeat(64);
  const other = 'b'.repeat(64);
  it.each([
    ['a bare sum', `${sum}\n`],
    ['the line of the file', `${other}  etcd-darwin.zip\n${sum}  etcd.tar.gz\n`],
    ['a binary mark', `${sum} *etcd.tar.gz`],
    ['a leading dot slash', `${sum}  ./etcd.tar.gz`],
  ])('reads %s', (_, text) => {
    expect(findChecksum(text, 'etcd.tar.gz')).toBe(sum);
  });

  it.each([
    ['nothing for another file', `${sum}  other.tar.gz`],
    ['nothing from an error page', '<html>404</html>'],
  ])('gives %s', (_, text) => {
    expect(findChecksum(text, 'etcd.tar.gz')).toBeUndefined();
  });
});
