import type { Report } from './report';

export type ChaosOperation = 'create' | 'delete';

/** A place between two things that happen: before an activity's first effect, or between its last and the report of it. */
export interface Boundary {
  /** The activity, with what tells it from others of its name: `executeStep initiate`, `readInstance at the end`. */
  readonly activity: string;
  readonly phase: Report['phase'];
}

export const nameOf = ({ activity, phase }: Boundary): string => `${phase} ${activity}`;

const WORKFLOWS: Readonly<Record<ChaosOperation, string>> = {
  create: 'createInstance',
  delete: 'deleteInstance',
};

/** Finds boundaries in the reports of one operation of one instance. */
export interface BoundaryFinder {
  /** Undefined: of no operation, or of another. What repeats, such as a poll, has one name. */
  find(report: Report): Boundary | undefined;
}

/**
 * Activities of the operation's workflow count by name; those of the entity only before the operation begins and after
 * it has ended, as in between they come when somebody pokes.
 */
export function createBoundaryFinder(operation: ChaosOperation): BoundaryFinder {
  let stage: 'start' | 'running' | 'end' = 'start';
  return {
    find({ activity, detail, phase, workflowId }) {
      if (workflowId.includes('/op/')) {
        if (!workflowId.endsWith(WORKFLOWS[operation])) return undefined;
        if (stage === 'start') stage = 'running';
        return { activity: detail === undefined ? activity : `${activity} ${detail}`, phase };
      }
      if (activity === 'recordOperation') {
        stage = 'end';
        return { activity, phase };
      }
      // An entity at rest that is poked reads too, and then reports.
      const counts = stage === 'end' || (stage === 'start' && activity === 'readInstance');
      return counts ? { activity: `${activity} at the ${stage}`, phase } : undefined;
    },
  };
}
