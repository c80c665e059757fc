import { messageOf } from '../stack/stack-error';
import type { Boundary, ChangeOperation } from './boundary';
import { CHANGE_ACTS } from './change-acts';
import { askUntil, type ChaosStack } from './chaos-stack';
import type { Fault } from './faults';
import { listFindings } from './findings';
import { expectInventory, type Subject } from './inventory';
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

interface Living extends ChangeLife {
  readonly subject: Subject;
  readonly uid: string;
  readonly passage: Passage;
  readonly writer: Writer;
  /** Operations that it had carried out before. */
  readonly known: ReadonlySet<string>;
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
  const lives = await Promise.all(volley.lives.map((life) => startLife(context, volley, life)));
  try {
    await Promise.all(
      lives.map(async ({ subject, uid, passage }) => {
        gate.guard(subject, (report) => passage.doorkeeper(report));
        await act.begin(stack, subject, { uid, image: volley.image });
      }),
    );
    const walks = lives.map((life): Walk => {
      const isOver = async (): Promise<boolean> =>
        (await describeLack(stack, life, volley.operation).catch(messageOf)) === undefined &&
        (await isAtRest(stack, life.subject, life.uid).catch(() => false));
      return { name: life.name, passage: life.passage, isOver };
    });
    const struck = await strikeArrivals(context, fault, walks);
    const findings = await Promise.all(
      lives.map(async (life, index) =>
        listFindings({
          fault: fault?.name ?? 'none',
          operation: volley.operation,
          life: life.name,
          passage: life.passage,
          strokes: struck[index] ?? new Map(),
          verdict: await judgeLife(context, volley, life),
        }),
      ),
    );
    keep(findings.flat());
  } finally {
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
  const { members, soakSeconds } = CHANGE_ACTS[operation];
  const spec = { image, whenDeleted: 'Delete', members, soakSeconds } as const;
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

/** What is still missing of the change; undefined: it was carried out, and the instance is healthy. */
async function describeLack(
  stack: ChaosStack,
  { subject, known }: Living,
  operation: ChangeOperation,
): Promise<string | undefined> {
  const status = (await readSubject(stack, subject))?.status;
  const record = status?.operations?.find(({ workflowId }) => !known.has(workflowId));
  const { kind } = CHANGE_ACTS[operation];
  if (record?.kind !== kind || record.outcome !== 'succeeded')
    return `${kind} was not carried out: ${record === undefined ? 'no record' : `${record.kind} ${record.outcome}: ${record.message ?? ''}`}`;
  return status?.state === 'Health' && status.operation === undefined
    ? undefined
    : (status?.state ?? 'no status');
}

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
      lack: () => describeLack(stack, life, operation),
      prove: release === undefined ? undefined : (uri, hosts) => proveRelease(uri, hosts, release),
    },
    signal,
  );
  return { ...verdict, problems: [...verdict.problems, ...(await judgeWrites(life.writer))] };
}

async function judgeWrites(writer: Writer): Promise<readonly string[]> {
  try {
    const { acknowledged, lost } = await writer.stop();
    if (acknowledged === 0) return ['no write was acknowledged'];
    return lost.length === 0 ? [] : [`${lost.length} of ${acknowledged} acknowledged writes are lost`];
  } catch (error) {
    return [`writes could not be read back: ${messageOf(error)}`];
  }
}
