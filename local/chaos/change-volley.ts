import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { messageOf } from '../stack/stack-error';
import { openFaultKit } from '../faults/fault-kit';
import type { Boundary, ChangeOperation } from './boundary';
import {
  awaitCarriedOut,
  isCarriedOut,
  type ChangeAct,
  type ChangedLife,
  type Surroundings,
} from './change-act';
import { CHANGE_ACTS } from './change-acts';
import { askUntil, awaitClusters } from './chaos-stack';
import type { Fault } from './faults';
import { listFindings } from './findings';
import { expectInventory } from './inventory';
import { judgeRunning, type Verdict } from './judgement';
import { createPassage, type Passage } from './passage';
import type { Finding } from './row';
import { strikeArrivals, type Walk } from './strikes';
import { proveRelease } from './release-proof';
import {
  CHAOS_NAMESPACE,
  createSubject,
  deleteSubject,
  isAtRest,
  readConnection,
  readSubject,
} from './subject';
import type { VolleyContext } from './volley-context';
import { startWriter, type Writer } from './writer';

/** One instance that is changed once, and where its fault strikes. */
export interface ChangeLife {
  readonly name: string;
  readonly targets: readonly Boundary[];
}

export interface ChangeVolley {
  readonly operation: ChangeOperation;
  readonly image: string;
  readonly lives: readonly ChangeLife[];
}

interface Living extends ChangeLife, ChangedLife {
  readonly passage: Passage;
  readonly writer: Writer;
}

const CREATION_SECONDS = 300;
const CHANGE_SECONDS = 900;
const REMOVAL_SECONDS = 300;

/** Lives under writes, changed side by side, struck, judged, and removed. @returns the ways of all */
export async function runChangeVolley(
  context: VolleyContext,
  fault: Fault | undefined,
  volley: ChangeVolley,
  keep: (findings: readonly Finding[]) => void,
): Promise<readonly Passage[]> {
  const { stack, gate, signal } = context;
  const act = CHANGE_ACTS[volley.operation];
  const kit = openFaultKit(stack.layout);
  await awaitClusters(stack, signal);
  const lives = await Promise.all(volley.lives.map((life) => startLife(context, volley, life)));
  const around = { stack, kit, signal, image: volley.image, lives };
  try {
    await act.prepare?.(around);
    for (const { subject, passage } of lives) gate.guard(subject, (report) => passage.doorkeeper(report));
    // Not waited for: the gate holds what a command does before its operation begins.
    const asked = act.begin(around);
    asked.catch(() => undefined);
    const walks = lives.map((life): Walk => {
      const isOver = async (): Promise<boolean> => {
        try {
          const status = (await readSubject(stack, life.subject))?.status;
          return (
            describeOpen(life, status, act) === undefined && (await isAtRest(stack, life.subject, life.uid))
          );
        } catch {
          return false;
        }
      };
      return { name: life.name, passage: life.passage, isOver };
    });
    const struck = await attended(act, around, () => strikeArrivals(context, fault, walks));
    await asked;
    const ending = await act.end?.(around).then(
      () => [],
      (error: unknown) => [messageOf(error)],
    );
    const findings = await Promise.all(
      lives.map(async (life, index) =>
        listFindings({
          fault: fault?.name ?? 'none',
          operation: volley.operation,
          life: life.name,
          passage: life.passage,
          strokes: struck[index] ?? new Map(),
          verdict: withProblems(await judgeLife(context, volley, life), ending ?? []),
        }),
      ),
    );
    keep(findings.flat());
  } finally {
    await kit.healAll();
    for (const { subject, writer } of lives) {
      gate.forget(subject);
      await writer.stop().catch(() => undefined);
      await deleteSubject(stack, subject);
    }
  }
  for (const { subject } of lives) {
    await askUntil(`the end of ${subject.name}`, REMOVAL_SECONDS, signal, async () =>
      (await readSubject(stack, subject)) === undefined ? { answer: true } : { reason: 'it is still there' },
    );
  }
  return lives.map(({ passage }) => passage);
}

async function startLife(
  { stack, signal }: VolleyContext,
  { operation, image }: ChangeVolley,
  { name, targets }: ChangeLife,
): Promise<Living> {
  const subject = { namespace: CHAOS_NAMESPACE, name };
  const { members, soakSeconds, failover } = CHANGE_ACTS[operation];
  const spec = { image, whenDeleted: 'Delete', members, soakSeconds, failover } as const;
  const uid = await createSubject(stack, subject, spec);
  const known = await askUntil(`Health of ${name}`, CREATION_SECONDS, signal, async () => {
    const status = (await readSubject(stack, subject))?.status;
    return status?.state === 'Health' && status.operation === undefined
      ? { answer: new Set((status.operations ?? []).map(({ workflowId }) => workflowId)) }
      : { reason: status?.operation?.waitingFor ?? status?.state ?? 'no status' };
  });
  const { uri } = await readConnection(stack, subject);
  const writer = await startWriter(uri, 'written');
  return { name, targets, subject, uid, known, passage: createPassage(operation, targets), writer };
}

/** With what people do meanwhile, until the last stroke has fallen and nothing is asked any more. */
async function attended<T>(act: ChangeAct, around: Surroundings, strike: () => Promise<T>): Promise<T> {
  const end = new AbortController();
  const attending = act.attend?.(around, end.signal);
  try {
    const struck = await strike();
    // What follows would meet it half done.
    if (act.attend !== undefined || act.end !== undefined)
      await awaitCarriedOut(around, act.kind, CHANGE_SECONDS);
    return struck;
  } finally {
    end.abort();
    await attending;
  }
}

/** What is still missing of the change; undefined: it was carried out, and nothing of it is open. */
function describeOpen(
  life: ChangedLife,
  status: MultiCloudMongoDB['status'],
  { kind }: ChangeAct,
): string | undefined {
  if (isCarriedOut(life, status, kind)) return status?.operation && `${status.operation.kind} is in hand`;
  const record = status?.operations?.find(({ workflowId }) => !life.known.has(workflowId));
  return `${kind} was not carried out: ${record === undefined ? 'no record' : `${record.kind} ${record.outcome}: ${record.message ?? ''}`}`;
}

/** And the instance is healthy, and what must follow has followed. */
function describeLack(
  life: ChangedLife,
  status: MultiCloudMongoDB['status'],
  act: ChangeAct,
): string | undefined {
  const open = describeOpen(life, status, act);
  if (open !== undefined) return open;
  return status?.state === 'Health' ? act.lackAfter?.(life, status) : (status?.state ?? 'no status');
}

const withProblems = (verdict: Verdict, problems: readonly string[]): Verdict => ({
  ...verdict,
  problems: [...problems, ...verdict.problems],
});

async function judgeLife(
  { stack, signal }: VolleyContext,
  { operation, image }: ChangeVolley,
  life: Living,
): Promise<Verdict> {
  const act = CHANGE_ACTS[operation];
  const shares = act.sharesAfter([...stack.members.keys()]);
  const release = act.releaseAfter?.(image);
  const verdict = await judgeRunning(
    stack,
    life.subject,
    life.uid,
    {
      seconds: CHANGE_SECONDS,
      members: [...shares.values()].reduce((sum, count) => sum + count, 0),
      inventory: expectInventory(life.subject.name, life.uid, shares),
      lack: async () => describeLack(life, (await readSubject(stack, life.subject))?.status, act),
      prove: release === undefined ? undefined : (uri, hosts) => proveRelease(uri, hosts, release),
    },
    signal,
  );
  return {
    ...verdict,
    problems: [...verdict.problems, ...(await judgeWrites(life.writer, act.mayLose ?? 0))],
  };
}

async function judgeWrites(writer: Writer, mayLose: number): Promise<readonly string[]> {
  try {
    const { acknowledged, lost } = await writer.stop();
    if (acknowledged === 0) return ['no write was acknowledged'];
    return lost.length <= mayLose ? [] : [`${lost.length} of ${acknowledged} acknowledged writes are lost`];
  } catch (error) {
    return [`writes could not be read back: ${messageOf(error)}`];
  }
}
