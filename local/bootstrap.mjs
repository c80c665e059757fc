// Entry of `npm run local`, `demo`, `chaos`, `soak` and `npm test`: plain Node, because nothing may be installed or built yet.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WANTED_NODE = [20, 19];
const LOCK_WAIT_MS = 15 * 60_000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (...parts) => join(root, ...parts);

function fail(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > WANTED_NODE[0] || (major === WANTED_NODE[0] && minor >= WANTED_NODE[1])) return;
  fail(`Node ${WANTED_NODE.join('.')} or later is needed; this is ${process.versions.node}.`, 3);
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Start time in clock ticks tells a recycled pid from the process that wrote it. */
function startTicks(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Two runs at one time must not install or build into the same folders. */
function withLock(path, body) {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify([process.pid, startTicks(process.pid)]), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const [pid, ticks] = readHolder(path);
      if (pid !== undefined && startTicks(pid) !== ticks) rmSync(path, { force: true });
      else if (Date.now() > deadline) fail(`Another run (pid ${pid}) has held ${path} for too long.`);
      else sleep(200);
    }
  }
  try {
    body();
  } finally {
    rmSync(path, { force: true });
  }
}

function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** node_modules carries the hash of the lock file that it was installed from. */
function install() {
  const stamp = at('node_modules', '.fedstate-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  if (readText(stamp) === wanted) return;
  if (!isInstalled()) {
    process.stderr.write('installing packages (npm ci, about a minute)\n');
    const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    if (result.status !== 0) fail('npm ci failed: see above.');
  }
  writeFileSync(stamp, wanted);
}

/** npm's own record of what it installed, held against the lock file: spares a second install after `npm ci`. */
function isInstalled() {
  const own = readText(at('node_modules', '.package-lock.json'));
  if (own === '') return false;
  const has = JSON.parse(own).packages;
  const wants = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  return Object.entries(wants).every(
    ([path, wanted]) => path === '' || wanted.optional === true || has[path]?.version === wanted.version,
  );
}

/** Names, sizes and times of all sources: cheap, and changes with every edit. */
function fingerprintSources() {
  const hash = createHash('sha256');
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'tools') visit(path);
      } else if (/\.(ts|json)$/.test(entry.name)) {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path} ${size} ${mtimeMs}\n`);
      }
    }
  };
  for (const folder of ['src', 'local', 'bench']) if (existsSync(at(folder))) visit(at(folder));
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json']) {
    hash.update(readText(at(file)));
  }
  return hash.digest('hex');
}

function build() {
  const stamp = at('dist', '.fedstate-sources');
  const wanted = fingerprintSources();
  if (readText(stamp) === wanted && existsSync(at('dist', 'local', 'main.js'))) return;
  process.stderr.write('compiling\n');
  const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
  const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status === 0) {
    mkdirSync(at('dist'), { recursive: true });
    writeFileSync(stamp, wanted);
  } else if (existsSync(at('dist', 'local', 'main.js'))) {
    // Types are the matter of `npm run check`; the program was emitted all the same.
    process.stderr.write('the sources have type errors (above): running what was compiled\n');
  } else fail('The sources did not compile: see above.');
}

checkNode();
mkdirSync(at('node_modules'), { recursive: true });
withLock(at('node_modules', '.fedstate-bootstrap'), () => {
  install();
  build();
});
// Ctrl-C goes to the whole group: the program below cleans up, and must not do so behind a prompt that is back already.
process.on('SIGINT', () => undefined);
const { status, signal } = spawnSync(
  process.execPath,
  [at('dist', 'local', 'main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exit(signal === null ? (status ?? 1) : 1);
