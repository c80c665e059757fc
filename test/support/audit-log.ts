import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readRequests, type AccessRequest } from './access-requests';
import type { Environment } from './environment';

/** What API servers have written down since then (ms since the epoch), rotated files included, by arrival. */
export function readAuditLogs({ auditLogs }: Pick<Environment, 'auditLogs'>, since = 0): AccessRequest[] {
  return [...auditLogs]
    .flatMap(([cluster, path]) =>
      // One text: a watch may begin in one file and end in the next.
      readRequests(
        cluster,
        filesOf(path)
          .map((file) => readFileSync(file, 'utf8'))
          .join(''),
        since,
      ),
    )
    .sort((one, other) => one.at - other.at);
}

/** kube-apiserver keeps an older log as `<stem>-<time>.log` beside the present one. */
function filesOf(path: string): string[] {
  const stem = basename(path, '.log');
  const older = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${stem}-`) && /^\d{4}-\d\d-\d\dT/.test(name.slice(stem.length + 1)))
    .sort();
  return [...older.map((name) => join(dirname(path), name)), ...(existsSync(path) ? [path] : [])];
}
