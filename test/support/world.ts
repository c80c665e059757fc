import type { Activities } from '../../src/activities/registry';
import type { InstanceSnapshot, OperationRecord, Wait, WaitCode } from '../../src/domain/instance';
import { waitFor, type StageResult } from '../../src/domain/operation';
import type { Gate, MembershipStepFacts, StepFacts, UpgradeCourse } from '../../src/domain/plan';

export type ActivityName = keyof Activities;
type Inputs = { [Name in ActivityName]: Parameters<Activities[Name]>[0] };
type Outputs = { [Name in ActivityName]: ReturnType<Activities[Name]> };
export type Fake<Name extends ActivityName> = (input: Inputs[Name]) => Outputs[Name];
type Instead<Name extends ActivityName> = (input: Inputs[Name]) => Outputs[Name] | undefined;
export type FakeActivities = { [Name in ActivityName]: Fake<Name> };

type FoundSnapshot = InstanceSnapshot & { readonly found: true };

/** Stands for Karmada and the members under the fake activities, and remembers what was done to it. */
export interface World {
  snapshot: InstanceSnapshot;
  /** Activities by name in the order of their attempts. */
  readonly calls: ActivityName[];
  readonly records: OperationRecord[];
  readonly waits: Wait[];
  /** Secrets by name. */
  readonly secrets: Map<string, string>;
  /** What the replica set still lacks. */
  steps: readonly MembershipStepFacts[];
  /** What is left to do of a change of the running instance, round by round: the first plan is the present one. */
  changes: readonly StepFacts[];
  /** What the policy says to the present plan while nobody has agreed to it. */
  gate: Gate;
  /** What it says to one that begins with a point of no return, unless a person has agreed to that. */
  soak?: Gate & { readonly open: false };
  upgrade?: UpgradeCourse;
  /** What an activity does instead of succeeding; undefined: it does as usual. */
  readonly instead: { [Name in ActivityName]?: Instead<Name> };
}

export const CLUSTERS = ['east', 'north', 'west'] as const;
const MEMBERS = CLUSTERS.map((cluster, _id) => ({
  _id,
  host: `10.0.${_id + 1}.1:30001`,
  arbiterOnly: false,
  buildIndexes: true,
  hidden: false,
  priority: 1,
  votes: 1,
  tags: { cluster },
  secondaryDelaySecs: 0,
}));
const SEED = '10.0.1.1:30001';

const INITIATION: readonly MembershipStepFacts[] = [
  { kind: 'initiate', host: SEED, setName: 'rs0', members: MEMBERS },
  { kind: 'stepUp', host: SEED },
  { kind: 'createUsers' },
];

/** A new custom resource that nothing was done for. */
export function newWorld(more: Partial<FoundSnapshot> = {}): World {
  return {
    snapshot: {
      found: true,
      generation: 1,
      deletionRequested: false,
      paused: false,
      created: false,
      clusters: CLUSTERS,
      health: undefined,
      ...more,
    },
    calls: [],
    records: [],
    waits: [],
    secrets: new Map(),
    steps: INITIATION,
    changes: [],
    gate: { open: true },
    instead: {},
  };
}

/** Changes the custom resource, as a user or an activity does. */
export function edit(world: World, change: Partial<FoundSnapshot>): void {
  if (!world.snapshot.found) throw new Error('the custom resource is gone');
  world.snapshot = { ...world.snapshot, ...change };
}

const REPORTS: ReadonlySet<ActivityName> = new Set([
  'awaitOperations',
  'readInstance',
  'reportStatus',
  'recordOperation',
]);

/** The calls that decide or change something, without reads and reports. */
export const stagesOf = (world: World): ActivityName[] => world.calls.filter((name) => !REPORTS.has(name));

export const outcomesOf = ({ records }: World): string[] =>
  records.map(({ kind, outcome }) => `${kind} ${outcome}`);

export const countOf = (world: World, name: ActivityName): number =>
  world.calls.filter((call) => call === name).length;

/** The first calls, one after another, do their part; those that follow do as usual. */
export function atFirst<Input, Output>(
  ...parts: readonly ((input: Input) => Output)[]
): (input: Input) => Output | undefined {
  let calls = 0;
  return (input) => {
    calls += 1;
    return parts[calls - 1]?.(input);
  };
}

export const asUsual = (): undefined => undefined;

export const fails = (error: Error) => (): Promise<never> => Promise.reject(error);

export const waits = (code: WaitCode, message: string) => (): Promise<StageResult<never>> =>
  Promise.resolve(waitFor({ code, message }));

/** Whether the status has told of a wait of this code. */
export const waitsFor =
  (world: World, code: string): (() => boolean) =>
  () =>
    world.waits.some((wait) => wait.code === code);
