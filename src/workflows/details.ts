import type { InstanceRef, InstanceSnapshot, OperationKind, OperationRecord, Wait } from '../domain/instance';

/** The entity's page in the Temporal UI. */
export function describeInstance(
  ref: InstanceRef,
  snapshot: InstanceSnapshot & { readonly found: true },
  operation: OperationKind | undefined,
  last: OperationRecord | undefined,
): string {
  return [
    `## ${ref.namespace}/${ref.name}: ${snapshot.health ?? 'UnKnown'}`,
    `- generation ${snapshot.generation}${snapshot.paused ? ', **paused**' : ''}`,
    `- clusters: ${snapshot.clusters.length > 0 ? snapshot.clusters.join(', ') : 'none yet'}`,
    `- in hand: ${operation ?? 'nothing'}`,
    ...(last === undefined
      ? []
      : [
          `- last: ${last.kind} ${last.outcome} at ${last.endedAt}${last.message === undefined ? '' : `: ${last.message}`}`,
        ]),
  ].join('\n');
}

export interface StageLine {
  readonly name: string;
  readonly state: 'done' | 'running' | 'waiting' | 'open';
  readonly detail?: string | undefined;
}

const MARKS = { done: '✅', running: '▶️', waiting: '⏳', open: '▫️' } as const;

/** An operation's page in the Temporal UI: its stages, what came of each, what it waits for. */
export function describeStages(title: string, stages: readonly StageLine[], wait: Wait | undefined): string {
  return [
    `## ${title}`,
    ...stages.map(
      ({ name, state, detail }) => `- ${MARKS[state]} ${name}${detail === undefined ? '' : `: ${detail}`}`,
    ),
    ...(wait === undefined ? [] : ['', `**Waiting (${wait.code})**: ${wait.message}`]),
  ].join('\n');
}
