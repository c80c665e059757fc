import type { Report } from './report';

/** What every life has. */
export type LifeOperation = 'create' | 'delete';
export const CHANGES = ['scale-down', 'move', 'upgrade'] as const;
/** Of an instance that has lost clusters. */
export const RECOVERIES = ['failover', 'failback', 'recover-majority'] as const;
/** Of an instance that runs. */
export type ChangeOperation = (typeof CHANGES)[number] | (typeof RECOVERIES)[number];
export type ChaosOperation = LifeOperation | ChangeOperation;

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
  'scale-down': 'scaleInstance',
  move: 'scaleInstance',
  upgrade: 'upgradeInstance',
  failover: 'failoverInstance',
  failback: 'failbackInstance',
  'recover-majority': 'recoverInstance',
};

/** What a person's command does. Its report may come when the operation has begun: what it wrote was seen. */
const COMMAND = 'moveMember';

/** Finds boundaries in the reports of one operation of one instance. */
export interface BoundaryFinder {
  /** Undefined: of no operation, or of another. In a creation or removal, what repeats, such as a poll, has one name. */
  find(report: Report): Boundary | undefined;
}

/**
 * Activities of the operation's workflow count by name; those of the entity only before the operation begins and after
 * it has ended, as in between they come when somebody pokes.
 */
export function createBoundaryFinder(operation: ChaosOperation): BoundaryFinder {
  let stage: 'start' | 'running' | 'end' = 'start';
  const repeats = isChange(operation) ? createRepeatCounter() : () => '';
  return {
    find({ activity, activityId, detail, phase, workflowId }) {
      if (workflowId.includes('/op/')) {
        if (!workflowId.endsWith(WORKFLOWS[operation])) return undefined;
        if (stage === 'start') stage = 'running';
        // A step's effect names addresses, which are different in every life.
        const name = detail === undefined ? activity : `${activity} ${detail.replace(/:.*$/, '')}`;
        return { activity: `${name}${repeats(name, `${workflowId} ${activityId}`)}`, phase };
      }
      if (activity === 'recordOperation') {
        stage = 'end';
        return { activity, phase };
      }
      if (activity === COMMAND) return { activity: `${activity} at the start`, phase };
      // An entity at rest that is poked reads too, and then reports.
      const counts = stage === 'end' || (stage === 'start' && activity === 'readInstance');
      return counts ? { activity: `${activity} at the ${stage}`, phase } : undefined;
    },
  };
}

const isChange = (operation: ChaosOperation): operation is ChangeOperation =>
  [...CHANGES, ...RECOVERIES].some((change) => change === operation);

/**
 * ` #2` for the second activity of a name; the attempts of one activity are one. What waits for its time ends one workflow
 * and goes on in another, whose activities count from 1 again.
 */
function createRepeatCounter(): (name: string, id: string) => string {
  const known = new Map<string, string[]>();
  return (name, id) => {
    const ids = known.get(name) ?? [];
    if (!ids.includes(id)) ids.push(id);
    known.set(name, ids);
    const place = ids.indexOf(id);
    return place === 0 ? '' : ` #${place + 1}`;
  };
}
