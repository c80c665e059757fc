import { setMaxListeners } from 'node:events';
import { messageOf } from '../stack/stack-error';
import type { StackLayout } from '../stack/layout';
import { askUntil, awaitSettled, openStack, socketOf, type ChaosStack } from './chaos-stack';
import { openGate } from './gate';
import { hastenController, hookWorker, restoreRoles } from './hooked-roles';
import { renewWornManagers } from './managers';
import type { Random } from './random';
import { deleteSubject, ensureNamespace, listSubjects, readSubject } from './subject';
import type { VolleyContext } from './volley-context';

export interface SessionFacts {
  readonly layout: StackLayout;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Runs `body` on a stack with a hooked worker, and leaves roles and clusters as they were however it ends. */
export async function withHookedStack<T>(
  facts: SessionFacts,
  body: (context: VolleyContext) => Promise<T>,
): Promise<T> {
  const { layout, random, signal, tell } = facts;
  return withOpenStack(facts, async (stack) => {
    const gate = await openGate(socketOf(layout));
    try {
      await hookWorker(stack);
      await hastenController(stack);
      await clearStack(stack, signal, tell);
      return await body({ stack, gate, random, signal, tell });
    } finally {
      await gate.close();
      await restoreRoles(stack);
    }
  });
}

/** Runs `body` on a stack with the namespace of the runs, which holds no instance afterwards. */
export async function withOpenStack<T>(
  { layout, signal, tell }: Omit<SessionFacts, 'random'>,
  body: (stack: ChaosStack) => Promise<T>,
): Promise<T> {
  const stack = openStack(layout);
  setMaxListeners(0, signal);
  try {
    await ensureNamespace(stack);
    try {
      return await body(stack);
    } finally {
      await removeSubjects(stack, tell);
    }
  } finally {
    await stack.close();
  }
}

/** Nothing is left of a run before, and everything runs. */
export async function clearStack(
  stack: ChaosStack,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<void> {
  await removeSubjects(stack, tell);
  await awaitSettled(stack, signal);
}

/** Between two volleys: everything runs, and no container is kept waiting for having been killed often. */
export async function calmDown({ stack, signal }: Pick<VolleyContext, 'stack' | 'signal'>): Promise<void> {
  await awaitSettled(stack, signal);
  const renewed = await Promise.all([...stack.members.values()].map(renewWornManagers));
  if (renewed.includes(true)) await awaitSettled(stack, signal);
}

/** What an interrupted or failed life has left, of this run or of one before. */
async function removeSubjects(stack: ChaosStack, tell: (line: string) => void): Promise<void> {
  // Not the run's own signal: it may be what ended the run.
  const { signal } = new AbortController();
  try {
    const subjects = await askUntil('Karmada', 60, signal, async () => ({
      answer: await listSubjects(stack),
    }));
    for (const subject of subjects) await deleteSubject(stack, subject);
    for (const subject of subjects) {
      await askUntil(`the end of ${subject.name}`, 180, signal, async () =>
        (await readSubject(stack, subject)) === undefined
          ? { answer: true }
          : { reason: 'it is still there' },
      );
    }
  } catch (error) {
    tell(`not everything was removed: ${messageOf(error)}`);
  }
}
