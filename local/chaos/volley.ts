import { askUntil, type ChaosStack } from './chaos-stack';
import type { LifeOperation } from './boundary';
import type { Fault } from './faults';
import { listFindings } from './findings';
import type { Subject } from './inventory';
import { judgeCreation, judgeRemoval, type Verdict } from './judgement';
import type { LifePlan } from './matrix';
import { createPassage, type Passage } from './passage';
import type { Finding } from './row';
import { strikeArrivals, type Walk } from './strikes';
import {
  CHAOS_NAMESPACE,
  createSubject,
  deleteClaims,
  deleteSubject,
  isLookedAfter,
  listRunningWorkflows,
  readSubject,
} from './subject';
import type { VolleyContext } from './volley-context';

interface Life {
  readonly plan: LifePlan;
  readonly subject: Subject;
  readonly uid: string;
}

const CREATION_SECONDS = 600;
const REMOVAL_SECONDS = 600;

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
  operation: LifeOperation,
  lives: readonly Life[],
  passages: readonly Passage[],
): Promise<Finding[]> {
  const walks = lives.flatMap((life, index): (Walk & { readonly life: Life })[] => {
    const passage = passages[index];
    if (passage === undefined) return [];
    const isOver = (): Promise<boolean> => hasEnded(context.stack, operation, life);
    return [{ life, name: life.plan.name, passage, isOver }];
  });
  const struck = await strikeArrivals(context, fault, walks);
  const findings = await Promise.all(
    walks.map(async ({ life, name, passage }, index) =>
      listFindings({
        fault: fault?.name ?? 'none',
        operation,
        life: name,
        passage,
        strokes: struck[index] ?? new Map(),
        verdict: await judge(context, operation, life),
      }),
    ),
  );
  return findings.flat();
}

function judge({ stack, signal }: VolleyContext, operation: LifeOperation, life: Life): Promise<Verdict> {
  const { subject, uid, plan } = life;
  return operation === 'create'
    ? judgeCreation(stack, subject, uid, CREATION_SECONDS, signal)
    : judgeRemoval(stack, subject, uid, plan.spec, REMOVAL_SECONDS, signal);
}

/** Whether the operation has come to its end, so that no boundary of it is still to come. */
async function hasEnded(
  stack: ChaosStack,
  operation: LifeOperation,
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
