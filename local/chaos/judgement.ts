import { sleep } from '../stack/command';
import { messageOf } from '../stack/stack-error';
import { askUntil, type ChaosStack } from './chaos-stack';
import {
  compareInventories,
  expectClaims,
  expectInventory,
  listInventory,
  oneEach,
  type Subject,
} from './inventory';
import { proveReplicaSet } from './replica-set-proof';
import {
  isLookedAfter,
  isRoomPromised,
  listRunningWorkflows,
  readConnection,
  readSubject,
  type SubjectSpec,
} from './subject';

/** What became of an operation. No problem: it passed. */
export interface Verdict {
  readonly problems: readonly string[];
  /** When the state was there, ms of Date.now(); undefined: never. */
  readonly at: number | undefined;
  readonly engine: string;
}

/** For Karmada and visibility to catch up with what is so already. */
const SETTLE_SECONDS = 30;

/** Waits for Health and for those who look after it, then judges what there is. */
export async function judgeCreation(
  stack: ChaosStack,
  subject: Subject,
  uid: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Verdict> {
  const inventory = expectInventory(subject.name, uid, oneEach(stack.members.keys()));
  return judgeRunning(stack, subject, uid, { seconds, inventory, members: 3 }, signal);
}

/** What an instance at rest must be. */
export interface Expectation {
  readonly seconds: number;
  readonly members: number;
  readonly inventory: readonly string[];
  /** What is still missing beyond its health; undefined: nothing. */
  readonly lack?: (() => Promise<string | undefined>) | undefined;
  /** What is wrong with its members beyond the replica set. */
  readonly prove?: ((uri: string, hosts: readonly string[]) => Promise<readonly string[]>) | undefined;
}

/** Waits for Health with nothing in hand, then judges what there is. */
export async function judgeRunning(
  stack: ChaosStack,
  subject: Subject,
  uid: string,
  { seconds, members, inventory, lack, prove }: Expectation,
  signal: AbortSignal,
): Promise<Verdict> {
  let at: number;
  try {
    at = await askUntil('Health', seconds, signal, async () => {
      const status = (await readSubject(stack, subject))?.status;
      const operation = status?.operation;
      if (status?.state !== 'Health' || operation !== undefined)
        return {
          reason: `${status?.state ?? 'no status'}; ${operation?.step ?? 'nothing in hand'}; ${operation?.waitingFor ?? 'no wait'}`,
        };
      const lacking = await lack?.();
      if (lacking !== undefined) return { reason: lacking };
      return (await isLookedAfter(stack, subject, uid))
        ? { answer: Date.now() }
        : { reason: 'entity or health watch does not run' };
    });
  } catch (error) {
    signal.throwIfAborted();
    return { problems: [messageOf(error)], at: undefined, engine: '' };
  }
  let engine = '';
  const problems = await settle(signal, async () => {
    const found = [...(await judgeRoles(stack, subject, members))];
    const { uri, hosts } = await readConnection(stack, subject);
    const proof = await proveReplicaSet(uri, hosts, uid);
    engine = proof.engine;
    found.push(...proof.problems, ...((await prove?.(uri, hosts)) ?? []));
    found.push(...compareInventories(inventory, await listInventory(stack, subject)));
    if (await isRoomPromised(stack, uid)) found.push('room is still promised to it');
    const workflows = await listRunningWorkflows(stack, subject, uid);
    if (workflows.join() !== ',/health') found.push(`workflows that run: ${workflows.join(', ')}`);
    return found;
  });
  return { problems, at, engine };
}

async function judgeRoles(stack: ChaosStack, subject: Subject, members: number): Promise<readonly string[]> {
  const roles = ((await readSubject(stack, subject))?.status?.members ?? []).map(({ role }) => role).sort();
  const expected = ['PRIMARY', ...Array.from({ length: members - 1 }, () => 'SECONDARY')];
  return roles.join() === expected.join() ? [] : [`status names as members: ${roles.join(', ')}`];
}

/** Waits until the custom resource is gone and nothing is left of it anywhere but what its policy keeps. */
export async function judgeRemoval(
  stack: ChaosStack,
  subject: Subject,
  uid: string,
  { whenDeleted }: SubjectSpec,
  seconds: number,
  signal: AbortSignal,
): Promise<Verdict> {
  const expected = whenDeleted === 'Retain' ? expectClaims(subject.name, uid, [...stack.members.keys()]) : [];
  try {
    const at = await askUntil('removal', seconds, signal, async () => {
      const cr = await readSubject(stack, subject);
      if (cr !== undefined)
        return { reason: cr.status?.operation?.waitingFor ?? 'the custom resource is still there' };
      const problems = compareInventories(expected, await listInventory(stack, subject));
      const workflows = await listRunningWorkflows(stack, subject, uid);
      if (workflows.length > 0)
        problems.push(`workflows that run: ${workflows.map((id) => `…${id}`).join(', ')}`);
      if (await isRoomPromised(stack, uid)) problems.push('room is still promised to it');
      return problems.length === 0 ? { answer: Date.now() } : { reason: problems.join('; ') };
    });
    return { problems: [], at, engine: '' };
  } catch (error) {
    signal.throwIfAborted();
    return { problems: [messageOf(error)], at: undefined, engine: '' };
  }
}

/** The problems that stay. */
async function settle(
  signal: AbortSignal,
  judge: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const deadline = Date.now() + SETTLE_SECONDS * 1000;
  for (;;) {
    signal.throwIfAborted();
    const problems = await judge().catch((error: unknown) => [messageOf(error)]);
    if (problems.length === 0 || Date.now() > deadline) return problems;
    await sleep(1_000);
  }
}
