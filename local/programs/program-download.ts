import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runCommand, succeeds } from '../stack/command';
import { StackError } from '../stack/stack-error';
import type { Download } from './catalog';
import { keepProgram } from './program-cache';

const CONNECT_SECONDS = 4;
const CHECKSUM_SECONDS = 8;
const TRANSFER_SECONDS = 300;

/** Whether official releases can be had at all: asks once for a small file, and gives up after seconds. */
export async function reachesRelease(download: Download): Promise<boolean> {
  if (process.env['FEDSTATE_DOWNLOADS'] === 'off') return false;
  return succeeds('curl', [
    ...['-fsSL', '-o', '/dev/null', '--connect-timeout', String(CONNECT_SECONDS)],
    ...['--max-time', String(CHECKSUM_SECONDS), download.checksumUrl],
  ]);
}

/**
 * Downloads a program, checks its SHA-256 and puts it into `folder`.
 * @throws StackError when the transfer fails or the sum differs
 */
export async function downloadProgram(download: Download, name: string, folder: string): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), 'fedstate-download-'));
  try {
    const file = join(scratch, basename(new URL(download.url).pathname));
    const sums = join(scratch, 'sums');
    const curl = ['-fsSL', '--connect-timeout', String(CONNECT_SECONDS), '--max-time'];
    await runCommand('curl', [...curl, String(CHECKSUM_SECONDS), '-o', sums, download.checksumUrl]);
    await runCommand('curl', [...curl, String(TRANSFER_SECONDS), '-o', file, download.url]);
    const expected = findChecksum(readFileSync(sums, 'utf8'), basename(file));
    const found = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (expected !== found) {
      throw new StackError(
        `${download.url} has SHA-256 ${found}, but its release says ${expected ?? 'nothing'}.`,
      );
    }
    if (download.member === undefined) {
      chmodSync(file, 0o755);
      return keepProgram(folder, name, file);
    }
    await runCommand('tar', ['-xzf', file, '-C', scratch, download.member]);
    return keepProgram(folder, name, join(scratch, download.member));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** SHA-256 of `file` out of a checksum file: a bare sum, or the line that names the file. */
export function findChecksum(text: string, file: string): string | undefined {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const named = lines.find(([, name]) => name?.replace(/^[*.]?\/?/, '') === file);
  const sum = named?.[0] ?? (lines.length === 1 && lines[0]?.length === 1 ? lines[0][0] : undefined);
  return sum !== undefined && /^[0-9a-f]{64}$/i.test(sum) ? sum.toLowerCase() : undefined;
}
