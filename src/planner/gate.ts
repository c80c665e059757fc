import { Cron } from 'croner';
import type { Wait } from '../domain/instance';
import type { Agreement, ChangePlan, Gate } from '../domain/plan';

export interface GateFacts {
  readonly plan: ChangePlan;
  readonly approval: 'Auto' | 'OnPrimaryChange' | 'Always';
  readonly windows: readonly { readonly schedule: string; readonly durationMinutes: number }[];
  /** What was agreed to before, by policy or by a person. */
  readonly agreed?: Agreement | undefined;
  /** Hash in the annotation: whoever may patch the object has set it. */
  readonly annotated?: string | undefined;
  /** Of a plan that begins with what cannot be taken back: until when the new release is to prove itself. */
  readonly soakUntil?: string | undefined;
  readonly now: Date;
}

/**
 * Whether a plan may run now. Agreed is a plan and everything that risks no more; a person's word counts for the very
 * plan, and force is never agreed to by an annotation, which names nobody (S4).
 */
export function judgeGate(facts: GateFacts): Gate {
  const { plan, agreed } = facts;
  if (agreed !== undefined && covers(agreed, plan)) return { open: true };
  if (plan.risk === 'force') return { open: false, wait: askForName(plan) };
  const asks = mustAsk(facts);
  const byAnnotation = facts.annotated === plan.hash;
  const soak = byAnnotation ? undefined : waitForSoak(facts);
  if (soak !== undefined) return soak;
  if (asks && !byAnnotation) return { open: false, wait: askFor(plan) };
  const opensAt = nextWindow(facts.windows, facts.now);
  if (opensAt !== undefined) {
    const wait: Wait = {
      code: 'OutsideWindow',
      message: `Plan ${plan.hash} waits for the next window of spec.operations.windows, at ${opensAt}.`,
    };
    return { open: false, wait, opensAt };
  }
  return asks ? { open: true, agreedBy: 'holder of patch' } : { open: true };
}

/** A person's word for this very plan ends a soak; nothing else does but time. */
function waitForSoak({ plan, soakUntil, now }: GateFacts): Gate | undefined {
  if (soakUntil === undefined || Date.parse(soakUntil) <= now.getTime()) return undefined;
  const effect = plan.steps[0]?.effect ?? '';
  const wait: Wait = {
    code: 'Soaking',
    message: `Soak until ${soakUntil}: then ${effect}, a point of no return. To end it now approve plan ${plan.hash} (Update "approve", or annotate middleware.fedstate.io/approve=${plan.hash}); to leave it at that send the Update "cancel".`,
  };
  return { open: false, wait, opensAt: soakUntil };
}

/** The same plan, or one with no risky step that was not in it. */
const covers = (agreed: Agreement, plan: ChangePlan): boolean =>
  agreed.hash === plan.hash
    ? plan.risk !== 'force' || isNamed(agreed)
    : plan.risk !== 'force' && plan.risky.every((step) => agreed.risky.includes(step));

const isNamed = ({ by }: Agreement): boolean => (by ?? '').trim() !== '';

function mustAsk({ plan, approval }: GateFacts): boolean {
  switch (approval) {
    case 'Auto':
      return false;
    case 'OnPrimaryChange':
      return plan.steps.some((step) => step.risk === 'primaryChange' || step.risk === 'dataLoss');
    case 'Always':
      return true;
  }
}

/** S4: whatever the policy, and never by an annotation, which names nobody. */
const askForName = (plan: ChangePlan): Wait => ({
  code: 'ApprovalNeeded',
  message: `Plan ${plan.hash} forces a configuration (S4) and waits for a person, for as long as it takes: read it on the page of this workflow, then send the Update "approve" {"hash":"${plan.hash}","by":"you","why":"…"}; an annotation is not enough. ${plan.warnings.join(' ')}`,
});

function askFor(plan: ChangePlan): Wait {
  return {
    code: 'ApprovalNeeded',
    message: `Plan ${plan.hash} of ${plan.steps.length} steps (${plan.risky.join(', ') || 'none of them risky'}${plan.steps[0]?.risk === 'pointOfNoReturn' ? ', a point of no return' : ''}) waits for an approval: send the Update "approve" with this hash to the workflow, or annotate middleware.fedstate.io/approve=${plan.hash}.`,
  };
}

/** When the next window opens; undefined: one is open now, or there are none. */
function nextWindow(windows: GateFacts['windows'], now: Date): string | undefined {
  if (windows.length === 0) return undefined;
  const openings = windows.flatMap(({ schedule, durationMinutes }) => {
    const cron = new Cron(schedule, { timezone: 'Etc/UTC', paused: true });
    const since = new Date(now.getTime() - durationMinutes * 60_000);
    const opening = cron.nextRun(since);
    return opening === null ? [] : [opening.getTime() <= now.getTime() ? now : opening];
  });
  const first = Math.min(...openings.map((date) => date.getTime()));
  if (!Number.isFinite(first)) return 'no time at all: correct the schedule';
  return first <= now.getTime() ? undefined : new Date(first).toISOString();
}
