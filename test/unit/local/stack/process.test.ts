import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../../../../local/stack/file-lock';
import { trimLog } from '../../../../local/stack/log-file';
import {
  endProcess,
  identify,
  isAlive,
  parseProcStat,
  signalProcess,
} from '../../../../local/stack/process-identity';
import { createSupervisor, type Supervisor } from '../../../../local/stack/supervisor';
import { processSpecSchema, type ProcessRequest } from '../../../../local/stack/process-spec';
import { until } from '../../../support/until';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedstate-process-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('process identity', () => {
  it('reads a stat line whose program name holds brackets and spaces', () => {
    const text = `4711 (a) b (c) R 1 ${Array.from({ length: 17 }, (_, at) => at + 5).join(' ')} 987654 0 0`;
    expect(parseProcStat(text)).toEqual({ state: 'R', startTicks: 987654 });
  });

  it('never signals a later process of the same pid', () => {
    const self = identify(process.pid);
    if (self === undefined) throw new Error('no /proc');
    const recycled = { ...self, startTicks: self.startTicks - 1 };
    expect(isAlive(self)).toBe(true);
    expect(isAlive(recycled)).toBe(false);
    expect(signalProcess(recycled, 'SIGKILL')).toBe(false);
  });

  it('kills what does not heed SIGTERM', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)",
    ]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const identity = identify(child.pid ?? 0);
    if (identity === undefined) throw new Error('not started');
    await endProcess(identity, 200);
    expect(isAlive(identity)).toBe(false);
  });
});

describe('withLock', () => {
  it('takes a lock over from a dead holder, and gives it back', async () => {
    const path = join(folder, 'lock');
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, startTicks: 1 }));
    await expect(withLock(path, 1_000, () => 'mine')).resolves.toBe('mine');
    await expect(withLock(path, 0, () => 'again')).resolves.toBe('again');
  });

  it('names the holder that is still alive', async () => {
    const path = join(folder, 'lock');
    await withLock(path, 0, async () => {
      await expect(withLock(path, 100, () => 'never')).rejects.toThrow(`pid ${process.pid}`);
    });
  });
});

describe('supervisor', () => {
  let supervisors: Supervisor[];
  beforeEach(() => (supervisors = []));
  afterEach(async () => {
    for (const supervisor of supervisors) {
      for (const { spec } of supervisor.list()) await supervisor.remove(spec.name).catch(() => undefined);
      supervisor.release();
    }
  });

  const open = (): Supervisor => {
    const supervisor = createSupervisor({
      tableFile: join(folder, 'processes.json'),
      logFolder: join(folder, 'logs'),
    });
    supervisors.push(supervisor);
    return supervisor;
  };
  const sleeper = (extra: Partial<ProcessRequest> = {}) =>
    processSpecSchema.parse({
      name: 'sleeper',
      command: ['sleep', '600'],
      env: { PATH: process.env['PATH'] ?? '' },
      stage: 0,
      ...extra,
    });
  const recordOf = (supervisor: Supervisor) => supervisor.list().find(({ spec }) => spec.name === 'sleeper');
  const pidOf = (supervisor: Supervisor): number => recordOf(supervisor)?.pid ?? 0;
  const untilPid = (supervisor: Supervisor, other: number) =>
    until('another pid', 10, () => {
      const pid = pidOf(supervisor);
      return Promise.resolve(
        pid !== 0 && pid !== other && identify(pid) !== undefined ? { answer: pid } : { reason: String(pid) },
      );
    });

  it('starts a killed process again and counts it', async () => {
    const supervisor = open();
    await supervisor.ensure(sleeper());
    const first = pidOf(supervisor);
    expect(supervisor.signal('sleeper', 'SIGKILL')).toBe(true);
    await untilPid(supervisor, first);
    expect(recordOf(supervisor)).toMatchObject({ restarts: 1, lastExit: 'SIGKILL' });
  });

  it('leaves the same spec alone and replaces another one', async () => {
    const supervisor = open();
    await supervisor.ensure(sleeper());
    const first = pidOf(supervisor);
    await supervisor.ensure(sleeper());
    expect(pidOf(supervisor)).toBe(first);
    await supervisor.ensure(sleeper({ revision: 'two' }));
    expect(await untilPid(supervisor, first)).not.toBe(first);
    expect(identify(first)).toBeUndefined();
  });

  it('keeps a stopped process down until it is started, also one that is frozen', async () => {
    const supervisor = open();
    await supervisor.ensure(sleeper());
    const first = pidOf(supervisor);
    supervisor.signal('sleeper', 'SIGSTOP');
    await supervisor.stop('sleeper');
    expect(identify(first)).toBeUndefined();
    expect(recordOf(supervisor)).toMatchObject({ wanted: 'stopped' });
    await supervisor.start('sleeper');
    await untilPid(supervisor, first);
  });

  it('knows its processes again after it was replaced, and notices when such a one dies', async () => {
    const first = open();
    await first.ensure(sleeper());
    const pid = pidOf(first);
    first.release();
    const second = open();
    expect(pidOf(second)).toBe(pid);
    process.kill(pid, 'SIGKILL');
    await untilPid(second, pid);
    expect(recordOf(second)?.restarts).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(recordOf(second)?.restarts).toBe(1);
    supervisors = [second];
  });

  it('writes the output to the log of that name', async () => {
    const supervisor = open();
    await supervisor.ensure(sleeper({ command: ['sh', '-c', 'echo told; exec sleep 600'] }));
    const text = await until('the log', 10, () => {
      const written = readFileSync(join(folder, 'logs', 'sleeper.log'), 'utf8');
      return Promise.resolve(written === '' ? { reason: 'empty' } : { answer: written });
    });
    expect(text).toBe('told\n');
  });
});

describe('trimLog', () => {
  it('moves a log that has grown too large, and only such a one', () => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'x'.repeat(10));
    trimLog(path, 10);
    expect(readFileSync(path, 'utf8')).toHaveLength(10);
    trimLog(path, 9);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(readFileSync(`${path}.1`, 'utf8')).toHaveLength(10);
  });
});
