import { sleep } from '../stack/command';
import { nameOf, type ChaosOperation } from './boundary';
import { askUntil, type ChaosStack } from './chaos-stack';
import type { Fault } from './faults';
import type { Gate } from './gate';
import type { Subject } from './inventory';
import { judgeCreation, judgeRemoval, type Verdict } from './judgement';
import type { LifePlan } from './matrix';
import { createPassage, type Passage } from './passage';
import type { Random } from './random';
import type { Row } from './row';
import {
  CHAOS_NAMESPACE,
  createSubject,
  deleteClaims,
  deleteSubject,
  isLookedAfter,
  listRunningWorkflows,
  readSubject,
} from './subject';

export interface VolleyContext {
  readonly stack: ChaosStack;
  readonly gate: Gate;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** What a row says beyond the volley. */
export type Finding = Omit<Row, 'seed' | 'commit' | 'at'>;

interface Life {
  readonly plan: LifePlan;
  readonly subject: Subject;
  readonly uid: string;
}

const CREATION_SECONDS = 300;
const REMOVAL_SECONDS = 300;
const ARRIVAL_MS = 240_000;
/** Less than the time that a small activity has. */
const HOLD_MS = 25_000;
/** Between two looks whether an operation has ended without coming to its boundary. */
const LOOK_MS = 3_000;

/** Lives of one fault, or of none: created, struck, judged, removed, struck again, judged again. */
export async function runVolley(
  context: VolleyContext,
  fault: Fault | undefined,
  plans: readonly LifePlan[],
): Promise<{ readonly findings: readonly Finding[]; readonly passages: readonly Passage[] }> {
  const { stack, gate, signal } = context;
  const creations = plans.map((plan) => createPassage('create', plan.create));
  const lives = await Promise.all(
    plans.map(async (plan, index): Promise<Life> => {
      const subject = { namespace: CHAOS_NAMESPACE, name: plan.name };
      gate.guard(subject, doorkeeperOf(creations, index));
      const uid = await createSubject(stack, subject, plan.spec);
      return { plan, subject, uid };
    }),
  );
  const created = await judgeAll(context, fault, 'create', lives, creations);
  const removals = plans.map((plan) => createPassage('delete', plan.delete));
  await Promise.all(
    lives.map(async ({ subject }, index) => {
      gate.guard(subject, doorkeeperOf(removals, index));
      await askUntil('the deletion to be taken', 60, signal, async () => ({
        answer: await deleteSubject(stack, subject),
      }));
    }),
  );
  const removed = await judgeAll(context, fault, 'delete', lives, removals);
  for (const { plan, subject, uid } of lives) {
    gate.forget(subject);
    if (plan.spec.whenDeleted === 'Retain') await deleteClaims(stack, subject, uid);
  }
  return { findings: [...created, ...removed], passages: [...creations, ...removals] };
}

function doorkeeperOf(passages: readonly Passage[], index: number): Passage['doorkeeper'] {
  return async (report) => passages[index]?.doorkeeper(report);
}

async function judgeAll(
  context: VolleyContext,
  fault: Fault | undefined,
  operation: ChaosOperation,
  lives: readonly Life[],
  passages: readonly Passage[],
): Promise<Finding[]> {
  const struck = await strikeArrivals(context, fault, operation, lives, passages);
  return Promise.all(
    lives.map(async (life, index): Promise<Finding> => {
      const verdict = await judge(context, operation, life);
      const target = passages[index]?.target;
      const at = struck.get(index);
      const isMissed = target !== undefined && at === undefined;
      return {
        fault: fault?.name ?? 'none',
        operation,
        step: target === undefined ? 'none' : nameOf(target),
        outcome: verdict.problems.length > 0 ? 'failed' : isMissed ? 'not reached' : 'passed',
        problems: [...verdict.problems],
        ...(at === undefined || verdict.at === undefined
          ? {}
          : { seconds: Math.max(0, Math.round((verdict.at - at) / 100) / 10) }),
        engine: verdict.engine,
        life: life.plan.name,
      };
    }),
  );
}

function judge({ stack, signal }: VolleyContext, operation: ChaosOperation, life: Life): Promise<Verdict> {
  const { subject, uid, plan } = life;
  return operation === 'create'
    ? judgeCreation(stack, subject, uid, CREATION_SECONDS, signal)
    : judgeRemoval(stack, subject, uid, plan.spec, REMOVAL_SECONDS, signal);
}

/**
 * Strikes once all lives stand at their boundaries. One that is long in coming gets a stroke of its own, so that the
 * others are not held beyond what their activities may take.
 * @returns when each life was struck, by its index
 */
async function strikeArrivals(
  { stack, random, signal }: VolleyContext,
  fault: Fault | undefined,
  operation: ChaosOperation,
  lives: readonly Life[],
  passages: readonly Passage[],
): Promise<ReadonlyMap<number, number>> {
  const struck = new Map<number, number>();
  const deadline = Date.now() + ARRIVAL_MS;
  const missed = new Set<number>();
  let nextLook = Date.now() + LOOK_MS;
  for (;;) {
    signal.throwIfAborted();
    const open = passages.flatMap((passage, index) =>
      passage.target === undefined || struck.has(index) || missed.has(index) ? [] : [{ passage, index }],
    );
    if (fault === undefined || open.length === 0 || Date.now() > deadline) break;
    const arrived = open.filter(({ passage }) => passage.hasArrived());
    const first = Math.min(...arrived.map(({ passage }) => passage.arrivedAt() ?? Infinity));
    if (arrived.length === open.length || Date.now() - first > HOLD_MS) {
      await fault.strike(stack, random);
      for (const { passage, index } of arrived) {
        struck.set(index, Date.now());
        passage.release();
      }
      continue;
    }
    await sleep(50);
    if (Date.now() < nextLook) continue;
    nextLook = Date.now() + LOOK_MS;
    for (const { passage, index } of open) {
      const life = lives[index];
      if (life !== undefined && !passage.hasArrived() && (await isOver(stack, operation, life))) {
        // Its last activities may be on their way.
        await sleep(3_000);
        if (!passage.hasArrived()) missed.add(index);
      }
    }
  }
  for (const passage of passages) passage.release();
  return struck;
}

/** Whether the operation has come to its end, so that no boundary of it is still to come. */
async function isOver(
  stack: ChaosStack,
  operation: ChaosOperation,
  { subject, uid }: Life,
): Promise<boolean> {
  try {
    const cr = await readSubject(stack, subject);
    switch (operation) {
      case 'create':
        return (
          cr?.status?.state === 'Health' &&
          cr.status.operation === undefined &&
          (await isLookedAfter(stack, subject, uid))
        );
      case 'delete':
        return cr === undefined && (await listRunningWorkflows(stack, subject, uid)).length === 0;
    }
  } catch {
    return false;
  }
}
