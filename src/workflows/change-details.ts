import type { Agreement, ChangePlan, QuorumView, Step } from '../domain/plan';
import { summariseStep } from './replica-set';

export interface StepLine {
  readonly state: 'done' | 'open';
  readonly text: string;
}

/** Below its stage in the Temporal UI: what was done, the plan that runs, and what each loss would mean meanwhile. */
export function describeChange(
  past: readonly StepLine[],
  plan: ChangePlan,
  running: number,
  agreed: Agreement | undefined,
): string[] {
  return [
    ...past.map(({ state, text }) => `- ${state === 'done' ? '✅' : '↩️'} ${text}`),
    ...plan.steps
      .slice(running)
      .map(
        (step, index) =>
          `- ${index === 0 ? '▶️' : '▫️'} ${summariseStep(step)}${describeStepRisk(plan, step, running + index)}`,
      ),
    ...describePlan(plan).map((line) => `- ${line}`),
    ...(agreed?.by === undefined
      ? []
      : [`- Agreed to by ${agreed.by}${agreed.why === undefined ? '' : `: ${agreed.why}`}.`]),
  ];
}

/** Risk of a step, and what may still be lost after it, where that is less than before and after the plan. */
export function describeStepRisk(plan: ChangePlan, step: Step, index: number): string {
  const { margin = 0, fatal = [] } = plan.margins?.[index] ?? {};
  const tight = margin < Math.min(plan.before.margin, plan.after.margin);
  const notes = [
    ...(step.risk === 'safe' ? [] : [step.risk]),
    ...(tight ? [`may lose ${Math.max(0, margin)} then`] : []),
    ...(tight && fatal.length > 0 ? [`not ${fatal.join(', ')}`] : []),
  ];
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

/** What a person weighs before agreeing: hash, risk, margins, warnings. */
export function describePlan(plan: ChangePlan): string[] {
  return [
    `Plan \`${plan.hash}\`, risk ${plan.risk}${plan.provisional ? ', planned again once new members have addresses' : ''}.`,
    `Before: ${describeQuorum(plan.before)}. After: ${describeQuorum(plan.after)}.`,
    ...plan.warnings.map((warning) => `⚠️ ${warning}`),
  ];
}

function describeQuorum({ votes, majority, margin, losses }: QuorumView): string {
  const fatal = losses.filter((loss) => loss.fatal).map((loss) => loss.cluster);
  const sites = fatal.length === 0 ? 'any one cluster may be lost' : `${fatal.join(', ')} must not be lost`;
  return `${votes} votes, majority ${majority}, may lose ${Math.max(0, margin)}; ${sites}`;
}
