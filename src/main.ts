import { FedStateError } from './domain/errors';
import { dieOf, runRoleProcess, type StartRole } from './roles/role-process';

// Loaded when asked for: a member manager needs nothing of Temporal's, and its image has none of it.
const ROLES: ReadonlyMap<string, () => Promise<StartRole>> = new Map([
  ['controller', async () => (await import('./roles/controller.js')).runController],
  ['worker', async () => (await import('./roles/worker.js')).runWorker],
  ['member', async () => (await import('./roles/member.js')).runMember],
]);

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const load = ROLES.get(name);
  if (load === undefined) {
    throw new FedStateError(
      'InvalidSpec',
      `Usage: main.js ROLE, where ROLE is one of ${[...ROLES.keys()].join(', ')}.`,
    );
  }
  await runRoleProcess(name, load);
}

main().catch(dieOf);
