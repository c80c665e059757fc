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
    ...past.map(describeStep),
    ...plan.steps
      .slice(running)
      .map(
        (step, index) =>
          `- ${index === 0 ? '▶️' : '▫️'} ${summariseStep(step)}${describeStepRisk(plan, step, running + index)}`,
      ),
    ...describePlan(plan).map((line) => `- ${line}`),
    ...describeAgreement(agreed),
  ];
}

/** The same when nothing is left to do: every step with its outcome, and the plans that they were of. */
export function describeChanged(
  past: readonly StepLine[],
  plans: readonly ChangePlan[],
  agreed: Agreement | undefined,
): string[] {
  return [
    ...past.map(describeStep),
    ...plans.map((plan) => `- ${describeHash(plan)}`),
    ...describeAgreement(agreed),
  ];
}

const describeStep = ({ state, text }: StepLine): string => `- ${state === 'done' ? '✅' : '↩️'} ${text}`;

const describeAgreement = (agreed: Agreement | undefined): string[] =>
  agreed?.by === undefined
    ? []
    : [`- Agreed to by ${agreed.by}${agreed.why === undefined ? '' : `: ${agreed.why}`}.`];

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
    describeHash(plan),
    `Before: ${describeQuorum(plan.before)}. After: ${describeQuorum(plan.after)}.`,
    ...plan.warnings.map((warning) => `⚠️ ${warning}`),
  ];
}

const describeHash = ({ hash, risk, provisional }: ChangePlan): string =>
  `Plan \`${hash}\`, risk ${risk}${provisional ? ', planned again once new members have addresses' : ''}.`;

function describeQuorum({ votes, majority, margin, losses }: QuorumView): string {
  const fatal = losses.filter((loss) => loss.fatal).map((loss) => loss.cluster);
  const sites = fatal.length === 0 ? 'any one cluster may be lost' : `${fatal.join(', ')} must not be lost`;
  return `${votes} votes, majority ${majority}, may lose ${Math.max(0, margin)}; ${sites}`;
}
