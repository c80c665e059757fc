import type { InstanceRef, InstanceSnapshot, OperationKind, Wait } from '../domain/instance';
import { describePlan, describeStepRisk } from './change-details';
import type { InstanceState, SuspendedOperation } from './entity-state';
import { summariseStep } from './replica-set';

/** The entity's page in the Temporal UI. */
export function describeInstance(
  ref: InstanceRef,
  snapshot: InstanceSnapshot & { readonly found: true },
  operation: OperationKind | undefined,
  state: Pick<InstanceState, 'last' | 'suspended' | 'held'>,
): string {
  const { last, suspended, held } = state;
  return [
    `## ${ref.namespace}/${ref.name}: ${snapshot.health ?? 'UnKnown'}`,
    '',
    `- generation ${snapshot.generation}${snapshot.paused ? ', **paused**' : ''}`,
    `- clusters: ${snapshot.clusters.length > 0 ? snapshot.clusters.join(', ') : 'none yet'}`,
    `- in hand: ${operation ?? 'nothing'}`,
    ...(last === undefined
      ? []
      : [
          `- last: ${last.kind} ${last.outcome} at ${last.endedAt}${last.message === undefined ? '' : `: ${last.message}`}`,
        ]),
    ...(held === undefined ? [] : [`- **held**: ${held.message}`]),
    ...(suspended === undefined ? [] : describeSuspension(suspended)),
  ].join('\n');
}

/** The plan that waits for a word, in full: what is approved must have been read. */
function describeSuspension({ kind, suspension }: SuspendedOperation): string[] {
  return [
    '',
    `### ${kind} waits (${suspension.wait.code})`,
    '',
    suspension.wait.message,
    '',
    ...suspension.plan.steps.map(
      (step, index) =>
        `${index + 1}. ${summariseStep(step)}${describeStepRisk(suspension.plan, step, index)}`,
    ),
    '',
    ...describePlan(suspension.plan).map((line) => `- ${line}`),
  ];
}

export interface StageLine {
  readonly name: string;
  readonly state: 'done' | 'running' | 'waiting' | 'open';
  readonly detail?: string | undefined;
  /** Of a stage that tells its own steps. */
  readonly lines?: readonly string[] | undefined;
}

const MARKS = { done: '✅', running: '▶️', waiting: '⏳', open: '▫️' } as const;

/** What an operation has to tell beyond its stages. */
export interface StageNews {
  readonly wait?: Wait | undefined;
  /** What it has waited for, and for how long, oldest first. */
  readonly waited: readonly string[];
  /** Why it ended before its last stage. */
  readonly ending?: string | undefined;
}

/**
 * An operation's page in the Temporal UI: its stages, what came of each, what it waits and has waited for. Flat, with a
 * blank line before each list: the UI draws no list within a list, nor one right below a paragraph.
 */
export function describeStages(title: string, stages: readonly StageLine[], news: StageNews): string {
  const { wait, waited, ending } = news;
  const told = stages.filter(({ lines }) => lines !== undefined && lines.length > 0);
  return [
    `## ${title}`,
    '',
    ...stages.map((stage) => {
      const detail = told.includes(stage) ? undefined : stage.detail;
      return `- ${MARKS[stage.state]} ${stage.name}${detail === undefined ? '' : `: ${detail}`}`;
    }),
    ...(wait === undefined ? [] : ['', `**Waiting (${wait.code})**: ${wait.message}`]),
    ...(ending === undefined ? [] : ['', `**Ended here**: ${ending}`]),
    ...told.flatMap(({ name, lines }) => ['', `### ${capitalize(name)}`, '', ...(lines ?? [])]),
    ...(waited.length === 0 ? [] : ['', '### Waited for', '', ...waited.map((line) => `- ${line}`)]),
  ].join('\n');
}

const capitalize = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
