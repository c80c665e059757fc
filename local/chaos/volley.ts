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
  readonly tell: (line: string) => void;
}

/** What a row says beyond the volley. */
export type Finding = Omit<Row, 'seed' | 'commit' | 'at'>;

interface Life {
  readonly plan: LifePlan;
  readonly subject: Subject;
  readonly uid: string;
}

const CREATION_SECONDS = 600;
const REMOVAL_SECONDS = 600;
const ARRIVAL_MS = 600_000;
/** Less than the time that a small activity has. */
const HOLD_MS = 25_000;
/** Between two looks whether an operation has ended without coming to its boundary. */
const LOOK_MS = 3_000;

/**
 * Lives of one fault, or of none: created, struck, judged, removed, struck again, judged again. What was found is told
 * after each operation, so that an interruption does not lose it.
 * @returns the ways of all creations, then those of all removals
 */
export async function runVolley(
  context: VolleyContext,
  fault: Fault | undefined,
  plans: readonly LifePlan[],
  keep: (findings: readonly Finding[]) => void,
): Promise<readonly Passage[]> {
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
  keep(await judgeAll(context, fault, 'create', lives, creations));
  const removals = plans.map((plan) => createPassage('delete', plan.delete));
  await Promise.all(
    lives.map(async ({ subject }, index) => {
      gate.guard(subject, doorkeeperOf(removals, index));
      await askUntil('the deletion to be taken', 60, signal, async () => ({
        answer: await deleteSubject(stack, subject),
      }));
    }),
  );
  keep(await judgeAll(context, fault, 'delete', lives, removals));
  for (const { plan, subject, uid } of lives) {
    gate.forget(subject);
    if (plan.spec.whenDeleted === 'Retain') await deleteClaims(stack, subject, uid);
  }
  return [...creations, ...removals];
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
  const findings = await Promise.all(
    lives.map(async (life, index): Promise<Finding[]> => {
      const verdict = await judge(context, operation, life);
      const passage = passages[index];
      const strokes = struck.get(index) ?? new Map<string, number>();
      const last = Math.max(...strokes.values());
      const shared = {
        fault: fault?.name ?? 'none',
        operation,
        problems: [...verdict.problems],
        engine: verdict.engine,
        life: life.plan.name,
      };
      const targets = passage?.targets ?? [];
      if (passage === undefined || targets.length === 0)
        return [{ ...shared, step: 'none', outcome: verdict.problems.length > 0 ? 'failed' : 'passed' }];
      return targets.map((target): Finding => {
        const at = strokes.get(nameOf(target));
        const next = [...passage.seen().values()].find((one) => at !== undefined && one.at > at);
        return {
          ...shared,
          step: nameOf(target),
          outcome: verdict.problems.length > 0 ? 'failed' : at === undefined ? 'not reached' : 'passed',
          ...(at === undefined || next === undefined ? {} : { resumed: secondsBetween(at, next.at) }),
          ...(at !== last || verdict.at === undefined ? {} : { seconds: secondsBetween(at, verdict.at) }),
        };
      });
    }),
  );
  return findings.flat();
}

const secondsBetween = (from: number, to: number): number => Math.max(0, Math.round((to - from) / 100) / 10);

function judge({ stack, signal }: VolleyContext, operation: ChaosOperation, life: Life): Promise<Verdict> {
  const { subject, uid, plan } = life;
  return operation === 'create'
    ? judgeCreation(stack, subject, uid, CREATION_SECONDS, signal)
    : judgeRemoval(stack, subject, uid, plan.spec, REMOVAL_SECONDS, signal);
}

/**
 * Strikes whenever all lives stand at a boundary. One that is long in coming is left behind, so that the others are not
 * held beyond what their activities may take.
 * @returns when each life was struck, by its index and the boundary's name
 */
async function strikeArrivals(
  { stack, random, signal, tell }: VolleyContext,
  fault: Fault | undefined,
  operation: ChaosOperation,
  lives: readonly Life[],
  passages: readonly Passage[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, number>>> {
  const struck = new Map(lives.map((_, index) => [index, new Map<string, number>()]));
  const over = new Set<number>();
  let deadline = Date.now() + ARRIVAL_MS;
  let nextLook = Date.now() + LOOK_MS;
  while (fault !== undefined && Date.now() < deadline) {
    signal.throwIfAborted();
    const walking = passages.flatMap((passage, index) => {
      const hold = passage.held();
      const isDone = hold === undefined && (over.has(index) || passage.ahead().length === 0);
      return isDone ? [] : [{ passage, index, hold }];
    });
    if (walking.length === 0) break;
    const held = walking.flatMap(({ passage, index, hold }) =>
      hold === undefined ? [] : [{ passage, index, hold }],
    );
    const first = Math.min(...held.map(({ hold }) => hold.since));
    if (held.length === walking.length || Date.now() - first > HOLD_MS) {
      await fault.strike(stack, random);
      const places = held.map(
        ({ index, hold }) => `${lives[index]?.plan.name ?? ''} ${nameOf(hold.boundary)}`,
      );
      tell(`${fault.name} struck: ${places.join(', ')}`);
      for (const { passage, index, hold } of held) {
        struck.get(index)?.set(nameOf(hold.boundary), Date.now());
        passage.release();
      }
      deadline = Date.now() + ARRIVAL_MS;
      continue;
    }
    await sleep(50);
    if (Date.now() < nextLook) continue;
    nextLook = Date.now() + LOOK_MS;
    for (const { passage, index, hold } of walking) {
      const life = lives[index];
      if (life === undefined || hold !== undefined || !(await isOver(stack, operation, life))) continue;
      // Its last activities may be on their way.
      await sleep(3_000);
      if (passage.held() === undefined) over.add(index);
    }
  }
  for (const passage of passages) passage.open();
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
