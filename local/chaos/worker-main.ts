import { dieOf, runRoleProcess } from '../../src/roles/role-process';
import { runWorker } from '../../src/roles/worker';
import { createHook } from './hook';
import { SOCKET_VARIABLE } from './report';

/** The product's worker with the hook around its activities. */
function main(): Promise<never> {
  const socketPath = process.env[SOCKET_VARIABLE];
  if (socketPath === undefined) throw new Error(`${SOCKET_VARIABLE} is not set`);
  return runRoleProcess('worker', () =>
    Promise.resolve((surroundings) => runWorker(surroundings, [createHook(socketPath)])),
  );
}

main().catch(dieOf);
