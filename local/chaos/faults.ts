import { killProcess } from '../faults/processes';
import { StackError } from '../stack/stack-error';
import type { ChaosStack } from './chaos-stack';
import { deleteManagers, killManager } from './managers';
import type { Random } from './random';

/** A way to lose a part of the system at once. Its supervisor brings it back. */
export interface Fault {
  readonly name: string;
  /** What it does, for the table. */
  readonly says: string;
  /** Process of the stack that it needs; absent: it needs none. */
  readonly process?: string;
  /** Resolves when the victim is dead. */
  strike(stack: ChaosStack, random: Random): Promise<void>;
}

export const FAULTS: readonly Fault[] = [
  processFault('worker', 'worker', 'kill -9 of the worker'),
  processFault('controller', 'controller', 'kill -9 of the controller'),
  {
    name: 'manager',
    says: 'kill -9 of the member manager of one cluster, inside its pod',
    async strike(stack, random) {
      const [member, kube] = pickMember(stack, random);
      await killManager(stack.layout, member, kube);
    },
  },
  {
    name: 'managers',
    says: 'the member managers’ pods of all clusters deleted with grace 0',
    async strike(stack) {
      await Promise.all([...stack.members.values()].map(deleteManagers));
    },
  },
  processFault('temporal', 'temporal', 'kill -9 of the Temporal server'),
  processFault(
    'karmada',
    'karmada',
    'kill -9 of Karmada’s controllers, scheduler and webhook (the stand-in)',
  ),
  processFault('karmada-api', 'karmada-apiserver', 'kill -9 of Karmada’s API server'),
  {
    name: 'member-api',
    says: 'kill -9 of the API server of one member',
    strike: (stack, random) => killProcess(stack.supervisor, `${pickMember(stack, random)[0]}-apiserver`),
  },
];

/** The faults that this stack can have: clusters of others have no processes of ours. */
export async function listFaults(stack: ChaosStack): Promise<readonly Fault[]> {
  const names = new Set((await stack.supervisor.list()).map((record) => record.spec.name));
  const attached = stack.layout.attached;
  return FAULTS.filter((fault) => {
    if (attached && (fault.name === 'manager' || fault.name === 'member-api')) return false;
    return fault.process === undefined || names.has(fault.process);
  });
}

function processFault(name: string, process: string, says: string): Fault {
  return { name, says, process, strike: (stack) => killProcess(stack.supervisor, process) };
}

function pickMember(stack: ChaosStack, random: Random) {
  const members = [...stack.members];
  const member = members[Math.floor(random() * members.length)];
  if (member === undefined) throw new StackError('The stack has no member clusters.');
  return member;
}
