import { rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** Stops the development server that the set-up started, and removes its bundle. */
// eslint-disable-next-line import-x/no-default-export -- Jest asks for a default export here.
export default function teardown(): void {
  const pid = Number(process.env['TEMPORAL_TEST_PID']);
  if (Number.isInteger(pid) && pid > 1) process.kill(pid, 'SIGKILL');
  const bundle = process.env['TEMPORAL_TEST_BUNDLE'];
  if (bundle !== undefined) rmSync(dirname(bundle), { recursive: true, force: true });
}
