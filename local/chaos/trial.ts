import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { nameFault } from '../faults/fault';
import { openFaultKit, type FaultKit } from '../faults/fault-kit';
import { sleep } from '../stack/command';
import { messageOf, StackError } from '../stack/stack-error';
import { askUntil, awaitClusters, awaitSettled, type ChaosStack } from './chaos-stack';
import { compareInventories, expectInventory, oneEach, type Subject } from './inventory';
import { judgeRunning } from './judgement';
import { startPrimaryWatch, type PrimaryWatch } from './primary-watch';
import type { Random } from './random';
import type { Durations, Ordeal, Scenario } from './scenario';
import { CHAOS_NAMESPACE, createSubject, deleteSubject, readConnection, readSubject } from './subject';
import { takeFingerprint } from './temporal-loss';
import { nameProblems, sayActual, type Facts } from './trial-facts';
import type { TrialFinding } from './trial-row';
import { startVoterWatch, type VoterWatch } from './voter-watch';
import { startWriter, type Writer, type WriterResult } from './writer';

export interface TrialContext {
  readonly stack: ChaosStack;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
  readonly image: string;
  readonly durations: Durations;
}

/** Where a scenario says nothing: short, so that a run has time for many. */
const DELAY_SECONDS = 20;
const VOTERS = 3;
const WRITERS = 3;
const CREATION_SECONDS = 600;
const END_SECONDS = 900;
const REMOVAL_SECONDS = 300;

/** What looks at the instance from outside all the time. */
interface Watches {
  readonly writers: readonly Writer[];
  readonly voters: VoterWatch;
  readonly primaries: PrimaryWatch;
}

/** One instance under writes lives through one scenario, is judged, and removed; what hinders that is a failure too. */
export async function runTrial(
  context: TrialContext,
  scenario: Scenario,
  life: string,
  random: Random,
): Promise<TrialFinding> {
  try {
    return await liveOnce(context, scenario, life, random);
  } catch (error) {
    context.signal.throwIfAborted();
    return {
      scenario: scenario.name,
      life,
      outcome: 'failed',
      struck: '',
      expected: scenario.expected,
      actual: 'not lived through',
      problems: [messageOf(error)],
      acknowledged: 0,
      lost: 0,
      engine: '',
    };
  }
}

async function liveOnce(
  context: TrialContext,
  scenario: Scenario,
  life: string,
  random: Random,
): Promise<TrialFinding> {
  const { stack, signal, image } = context;
  await awaitClusters(stack, signal);
  const kit = openFaultKit(stack.layout);
  const subject: Subject = { namespace: CHAOS_NAMESPACE, name: life };
  const failover = { mode: 'Auto', failback: 'Auto', delaySeconds: delayOf(scenario) };
  const uid = await createSubject(stack, subject, {
    image,
    whenDeleted: 'Delete',
    members: VOTERS,
    failover,
  });
  try {
    await askUntil(`Health of ${life}`, CREATION_SECONDS, signal, async () => {
      const status = (await readSubject(stack, subject))?.status;
      return status?.state === 'Health' && status.operation === undefined
        ? { answer: true }
        : { reason: status?.operation?.waitingFor ?? status?.state ?? 'no status' };
    });
    const watches = await startWatches(stack, subject);
    try {
      return await liveThrough(context, scenario, { kit, subject, uid, random, watches });
    } finally {
      await Promise.all([
        watches.voters.stop(),
        watches.primaries.stop(),
        ...watches.writers.map((writer) => writer.stop().catch(() => undefined)),
      ]);
    }
  } finally {
    await kit.healAll();
    await removeSubject(context, subject);
  }
}

const delayOf = (scenario: Scenario): number => scenario.delaySeconds ?? DELAY_SECONDS;

interface Life {
  readonly kit: FaultKit;
  readonly subject: Subject;
  readonly uid: string;
  readonly random: Random;
  readonly watches: Watches;
}

async function liveThrough(context: TrialContext, scenario: Scenario, life: Life): Promise<TrialFinding> {
  const { stack, signal } = context;
  const { kit, subject, uid, watches } = life;
  const { ordeal, notes, problems, begun } = createOrdeal(context, scenario, life);
  const before = scenario.untouched === true ? await takeFingerprint(stack, subject, uid) : [];
  for (const writer of watches.writers) writer.lap();
  try {
    await scenario.live(ordeal);
  } catch (error) {
    signal.throwIfAborted();
    problems.push(messageOf(error));
  } finally {
    await kit.healAll();
  }
  await awaitSettled(stack, signal).catch((error: unknown) => problems.push(messageOf(error)));
  // What the status says of a moment ago may be of the time before the fault was seen.
  await askUntil('three voters', END_SECONDS, signal, () =>
    Promise.resolve(
      watches.voters.serving() >= VOTERS ? { answer: true } : { reason: `${watches.voters.serving()} serve` },
    ),
  ).catch((error: unknown) => problems.push(messageOf(error)));
  const verdict = await judgeRunning(
    stack,
    subject,
    uid,
    {
      seconds: END_SECONDS,
      members: VOTERS,
      inventory: expectInventory(subject.name, uid, oneEach(stack.members.keys())),
      lack: async () => nameLack(scenario, await ordeal.read()),
    },
    signal,
  );
  const outageMs = Math.max(...watches.writers.map((writer) => writer.lap()));
  if (scenario.untouched === true)
    problems.push(...compareInventories(before, await takeFingerprint(stack, subject, uid)));
  const facts: Facts = {
    status: (await readSubject(stack, subject))?.status,
    notes,
    outageMs,
    restoredMs: begun() === undefined ? undefined : watches.voters.restoredAfter(begun() ?? 0, VOTERS),
    overlaps: await watches.primaries.stop(),
    writes: await readBack(watches.writers),
  };
  problems.push(...verdict.problems, ...nameProblems(scenario, facts));
  return {
    scenario: scenario.name,
    life: subject.name,
    outcome: problems.length === 0 ? 'passed' : 'failed',
    struck: ordeal.struck().join(', '),
    expected: scenario.expected,
    actual: sayActual(facts),
    problems,
    outageMs,
    ...(facts.restoredMs === undefined ? {} : { restoredSeconds: Math.round(facts.restoredMs / 100) / 10 }),
    acknowledged: facts.writes.acknowledged,
    lost: facts.writes.lost,
    engine: verdict.engine,
  };
}

/** Failovers that must still come, and the failback after each. */
function nameLack({ failovers: [fewest] }: Scenario, { status }: MultiCloudMongoDB): string | undefined {
  const count = (kind: string): number =>
    (status?.operations ?? []).filter((one) => one.kind === kind && one.outcome === 'succeeded').length;
  if (count('failoverInstance') < fewest) return 'no failover was carried out';
  return count('failoverInstance') > 0 && count('failbackInstance') === 0 ? 'no failback yet' : undefined;
}

async function startWatches(stack: ChaosStack, subject: Subject): Promise<Watches> {
  const { uri, hosts } = await readConnection(stack, subject);
  const writers = await Promise.all(
    Array.from({ length: WRITERS }, (_, index) => startWriter(uri, `written-${index}`)),
  );
  const voters = await startVoterWatch(uri);
  const primaries = startPrimaryWatch();
  primaries.add(hosts);
  return { writers, voters, primaries };
}

async function readBack(writers: readonly Writer[]): Promise<Facts['writes']> {
  const results = await Promise.all(
    writers.map((writer) => writer.stop().catch((error: unknown) => messageOf(error))),
  );
  const read = results.filter((one): one is WriterResult => typeof one !== 'string');
  return {
    acknowledged: read.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    lost: read.reduce((sum, { lost }) => sum + lost.length, 0),
    problems: results.filter((one) => typeof one === 'string'),
  };
}

function createOrdeal(
  { stack, signal, tell, durations }: TrialContext,
  scenario: Scenario,
  { kit, subject, uid, random, watches }: Life,
) {
  const notes: string[] = [];
  const problems: string[] = [];
  const struck: string[] = [];
  let begun: number | undefined;
  const read = async (): Promise<MultiCloudMongoDB> => {
    const cr = await readSubject(stack, subject);
    if (cr === undefined) throw new StackError('the custom resource is gone');
    watches.primaries.add((cr.status?.members ?? []).flatMap(({ host }) => host ?? []));
    return cr;
  };
  const ordeal: Ordeal = {
    ...{ stack, kit, random, subject, uid, durations, signal, delaySeconds: delayOf(scenario), read },
    async primary() {
      const found = (await read()).status?.members?.find(({ role }) => role === 'PRIMARY');
      if (found === undefined) throw new StackError('the status names no primary');
      const { cluster, ordinal } = found;
      return {
        namespace: subject.namespace,
        instance: subject.name,
        cluster,
        ordinal: ordinal === 'arbiter' ? ordinal : Number(ordinal),
      };
    },
    acknowledged: () => watches.writers.reduce((sum, writer) => sum + writer.count(), 0),
    async strike(...faults) {
      begun ??= Date.now();
      for (const fault of faults) if (!struck.includes(nameFault(fault))) struck.push(nameFault(fault));
      tell(`${subject.name}: ${faults.map(nameFault).join(', ')}`);
      await Promise.all(faults.map((fault) => kit.cause(fault)));
    },
    async heal(fault) {
      tell(`${subject.name}: heals ${fault === undefined ? 'all' : nameFault(fault)}`);
      await (fault === undefined ? kit.healAll() : kit.heal(fault));
    },
    async wait(seconds) {
      for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
        signal.throwIfAborted();
        await sleep(Math.min(500, Math.max(0, end - Date.now())));
      }
    },
    elapsed: () => (begun === undefined ? 0 : (Date.now() - begun) / 1000),
    until: (what, seconds, ask) =>
      askUntil(what, seconds, signal, async () => {
        const reason = await ask();
        return reason === undefined ? { answer: undefined } : { reason };
      }),
    struck: () => struck,
    note: (text) => notes.push(text),
    object: (problem) => problems.push(problem),
  };
  return { ordeal, notes, problems, begun: () => begun };
}

async function removeSubject({ stack, signal }: TrialContext, subject: Subject): Promise<void> {
  await askUntil('the deletion to be taken', 60, signal, async () => ({
    answer: await deleteSubject(stack, subject),
  }));
  await askUntil(`the end of ${subject.name}`, REMOVAL_SECONDS, signal, async () =>
    (await readSubject(stack, subject)) === undefined ? { answer: true } : { reason: 'it is still there' },
  );
}
