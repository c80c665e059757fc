import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand, succeeds } from '../stack/command';
import { messageOf, StackError } from '../stack/stack-error';
import type { PROGRAM_NAMES } from './catalog';
import { listToolSets, type Program, type ProgramName, type ToolSet } from './catalog';
import { isExecutable, keepProgram, linkProgram, setFolder, toolFolder } from './program-cache';
import { downloadProgram, reachesRelease } from './program-download';

export type ProgramPaths = Readonly<Record<ProgramName, string>>;

export interface ObtainOptions {
  /** Folder of the package, with local/tools below it. */
  readonly packageFolder: string;
  /** Told about every step that takes long. */
  readonly tell: (line: string) => void;
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Paths of all programs of the API servers and nodes. For each: a folder named in FEDSTATE_BIN, PATH (when its version is
 * right), the cache, the official release, at last a build of the pinned Go modules.
 * @throws StackError (3) naming what is missing and how to give it
 */
export async function obtainPrograms(options: ObtainOptions): Promise<ProgramPaths> {
  const paths = new Map<string, string>();
  for (const set of listToolSets(goArchitecture())) {
    for (const [name, path] of await obtainSet(set, options)) {
      paths.set(name, path);
      linkProgram(name, path);
    }
  }
  const pathOf = (name: ProgramName): string => {
    const path = paths.get(name);
    if (path === undefined) throw new StackError(`${name} was not found or made.`, 3);
    return path;
  };
  return {
    etcd: pathOf('etcd'),
    'kube-apiserver': pathOf('kube-apiserver'),
    'kube-controller-manager': pathOf('kube-controller-manager'),
    'kube-scheduler': pathOf('kube-scheduler'),
    kubelet: pathOf('kubelet'),
    'kube-proxy': pathOf('kube-proxy'),
    kubectl: pathOf('kubectl'),
    coredns: pathOf('coredns'),
  } satisfies Record<(typeof PROGRAM_NAMES)[number], string>;
}

/** Path of kubectl alone: all that clusters of others need. @throws StackError (3) as {@link obtainPrograms} */
export async function obtainKubectl(options: ObtainOptions): Promise<string> {
  for (const set of listToolSets(goArchitecture())) {
    const programs = set.programs.filter((program) => program.name === 'kubectl');
    if (programs.length === 0) continue;
    const path = (await obtainSet({ ...set, programs }, options)).get('kubectl');
    if (path !== undefined) return path;
  }
  throw new StackError('kubectl was not found or made.', 3);
}

function goArchitecture(): string {
  const arch = GO_ARCHITECTURES[process.arch];
  if (arch === undefined) throw new StackError(`No Kubernetes programs are made for ${process.arch}.`, 3);
  return arch;
}

async function obtainSet(set: ToolSet, options: ObtainOptions): Promise<Map<string, string>> {
  const folder = setFolder(options.packageFolder, set);
  const found = new Map<string, string>();
  for (const program of set.programs) {
    const path =
      (await findNamed(program)) ?? findCached(folder, program.name) ?? (await findOnPath(program));
    if (path !== undefined) found.set(program.name, path);
  }
  const missing = set.programs.filter((program) => !found.has(program.name));
  if (missing.length === 0) return found;
  const names = missing.map((program) => program.name).join(', ');
  const made =
    (await download(set, missing, folder, options)) ?? (await build(set, missing, folder, options));
  if (made === undefined) {
    throw new StackError(
      `${names} ${set.version} cannot be had: the release site is not reachable and Go is not installed. ` +
        'Put the programs into a folder and name it in FEDSTATE_BIN.',
      3,
    );
  }
  for (const [name, path] of made) found.set(name, path);
  return found;
}

function findNamed(program: Program): Promise<string | undefined> {
  const folders = (process.env['FEDSTATE_BIN'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return Promise.resolve(folders.map((folder) => join(folder, program.name)).find(isExecutable));
}

function findCached(folder: string, name: string): string | undefined {
  const path = join(folder, name);
  return isExecutable(path) ? path : undefined;
}

/** A program of another version would start and then fail in ways that look like ours. */
async function findOnPath(program: Program): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program.name);
    if (folder === '' || !isExecutable(path)) continue;
    try {
      const text = await runCommand(path, program.versionArguments, { timeoutMs: 5_000 });
      if (program.versionPattern.test(text)) return path;
    } catch {
      // Not usable: the next one may be.
    }
  }
  return undefined;
}

async function download(
  set: ToolSet,
  missing: readonly Program[],
  folder: string,
  { tell }: ObtainOptions,
): Promise<Map<string, string> | undefined> {
  const [first] = missing;
  if (first === undefined || !(await reachesRelease(first.download))) return undefined;
  const made = new Map<string, string>();
  for (const program of missing) {
    tell(`downloading ${program.name} ${set.version}`);
    try {
      made.set(program.name, await downloadProgram(program.download, program.name, folder));
    } catch (error) {
      tell(`download failed (${messageOf(error)}); building instead`);
      return undefined;
    }
  }
  return made;
}

async function build(
  set: ToolSet,
  missing: readonly Program[],
  folder: string,
  { packageFolder, tell }: ObtainOptions,
): Promise<Map<string, string> | undefined> {
  if (!(await succeeds('go', ['version'], { timeoutMs: 20_000 }))) return undefined;
  const names = missing.map((program) => program.name);
  tell(
    `building ${names.join(', ')} ${set.version} from Go modules, once: about ${set.buildMinutes} min on two cores`,
  );
  const scratch = mkdtempSync(join(tmpdir(), 'fedstate-build-'));
  const started = Date.now();
  const progress = setInterval(
    () => tell(`still building ${set.folder} (${Math.round((Date.now() - started) / 1000)} s)`),
    60_000,
  );
  try {
    // One call for all: while one program is linked, on a single core, others go on compiling.
    const [only] = missing;
    const target = missing.length === 1 && only !== undefined ? join(scratch, only.name) : `${scratch}/`;
    await runCommand(
      'go',
      [
        ...['build', '-trimpath', `-ldflags=${set.buildFlags.join(' ')}`, '-o', target],
        ...missing.map((program) => program.package),
      ],
      {
        cwd: toolFolder(packageFolder, set),
        env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
      },
    );
    return new Map(names.map((name) => [name, keepProgram(folder, name, join(scratch, name))]));
  } finally {
    clearInterval(progress);
    rmSync(scratch, { recursive: true, force: true });
  }
}
