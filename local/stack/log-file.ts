import { copyFileSync, statSync, truncateSync } from 'node:fs';

const LARGEST_LOG_BYTES = 20 * 1024 * 1024;

/** Moves a log that grew beyond `limit` to `.1`; its writer appends, so it goes on at the start of the emptied file. */
export function trimLog(path: string, limit = LARGEST_LOG_BYTES): void {
  try {
    if (statSync(path).size <= limit) return;
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
  } catch {
    // No log yet.
  }
}
