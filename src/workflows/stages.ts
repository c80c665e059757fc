import { condition, setCurrentDetails, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import type { Wait } from '../domain/instance';
import type { OperationInput, StageResult } from '../domain/operation';
import { quick } from './activities';
import { describeStages, type StageLine, type StageNews } from './details';
import { rootMessage } from './failure-message';
import { isHistoryLong } from './long-history';
import { handOnSignal, nudgeSignal } from './signals';

/** One stage of an operation: idempotent, so that every pass may start from the first. */
export interface Stage {
  readonly name: string;
  /** What came of it, for people; or what it waits for. */
  readonly run: (show: ShowProgress) => Promise<StageResult<string>>;
}

/** Tells how far a long stage is: `lines` below the stage in the details, `step`, where there is one, to the status. */
export type ShowProgress = (step: string | undefined, lines: readonly string[]) => Promise<void>;

const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/**
 * Runs the stages in order. A stage that waits is told in status and details, and after a pause (or a nudge) all are
 * run again from the first: what was true before the wait need not be true after it. Waiting has no end, a history has: when
 * one is long, the run is handed on as soon as it waits.
 * @param mayHandOn false while this run knows what the next would not
 */
export async function runStages(
  input: OperationInput,
  title: string,
  stages: readonly Stage[],
  mayHandOn: () => boolean = () => true,
): Promise<'done' | 'handOn'> {
  let nudged = false;
  let asked = false;
  let pauses = 0;
  let lastWait = '';
  let told = '';
  const outcomes = new Map<string, string>();
  const shown = new Map<string, readonly string[]>();
  const waited: WaitLine[] = [];
  setHandler(nudgeSignal, () => {
    nudged = true;
  });
  setHandler(handOnSignal, () => {
    asked = true;
  });

  for (;;) {
    // Before the pass: what a nudge during it tells of may have come too late for the pass to see.
    nudged = false;
    const wait = await runPass();
    if (wait === undefined) {
      setCurrentDetails(describe(stages.length, 'done', {}));
      return 'done';
    }
    if (mayHandOn() && isHistoryLong(isAsked)) return 'handOn';
    const since = Date.now();
    const sameWait = lastWait === `${wait.code} ${wait.message}`;
    lastWait = `${wait.code} ${wait.message}`;
    pauses = sameWait ? pauses + 1 : 0;
    await condition(isNudged, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(pauses, 10)));
    // A nudge may come in bursts; one look a second is enough.
    if (isNudged()) await sleep('1 second');
    noteWait(waited, wait, Date.now() - since);
  }

  function describe(index: number, state: StageLine['state'], news: Omit<StageNews, 'waited'>): string {
    const lines = stages.map((stage, position): StageLine => ({
      name: stage.name,
      state: position < index ? 'done' : position === index ? state : 'open',
      detail: position < index ? outcomes.get(stage.name) : undefined,
      lines: shown.get(stage.name),
    }));
    return describeStages(title, lines, { ...news, waited: waited.map(describeWait) });
  }

  // Read through a function: the signal handler sets it during an await.
  function isNudged(): boolean {
    return nudged;
  }

  function isAsked(): boolean {
    return asked;
  }

  async function runPass(): Promise<Wait | undefined> {
    for (const [index, stage] of stages.entries()) {
      await tell(index, 'running', undefined);
      const result = await stage
        .run(async (step, lines) => {
          shown.set(stage.name, lines);
          if (step === undefined) setCurrentDetails(describe(index, 'running', {}));
          else await tell(index, 'running', undefined, step);
        })
        .catch((error: unknown) => {
          setCurrentDetails(describe(index, 'open', { ending: rootMessage(error) }));
          throw error;
        });
      if (!result.done) {
        await tell(index, 'waiting', result.wait);
        return result.wait;
      }
      outcomes.set(stage.name, result.value);
    }
    return undefined;
  }

  async function tell(
    index: number,
    state: 'running' | 'waiting',
    wait: Wait | undefined,
    substep?: string,
  ): Promise<void> {
    setCurrentDetails(describe(index, state, { wait }));
    const stage = stages[index]?.name ?? '';
    const step = substep ?? stage;
    const news = JSON.stringify([step, wait]);
    // Passing again over stages that are done is no news for status.
    if (news === told || (state === 'running' && substep === undefined && outcomes.has(stage))) return;
    told = news;
    await quick.reportStatus.executeWithOptions(
      { summary: wait === undefined ? step : `${step}: ${wait.code}` },
      [
        {
          instance: input.instance,
          progress: {
            kind: input.kind,
            step,
            workflowId: workflowInfo().workflowId,
            startedAt: input.startedAt,
            wait,
          },
        },
      ],
    );
  }
}

interface WaitLine {
  readonly wait: Wait;
  readonly ms: number;
}

// A page that an operation of weeks has filled is read by nobody.
const MOST_WAITS = 20;

/** The same wait again is one that was longer. */
function noteWait(waited: WaitLine[], wait: Wait, ms: number): void {
  const last = waited.at(-1);
  const isSame = last?.wait.code === wait.code && last.wait.message === wait.message;
  if (isSame) waited.pop();
  waited.push({ wait, ms: ms + (isSame ? last.ms : 0) });
  if (waited.length > MOST_WAITS) waited.shift();
}

const describeWait = ({ wait, ms }: WaitLine): string =>
  `${wait.code}, ${Math.round(ms / 1000)} s: ${wait.message}`;
