import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, deserialize } from 'bson';
import { makeChance } from '../../../support/chance';
import { planStrikes, strike } from '../support/chaos';
import { type TestMember, TestSet, eventually, sleep } from '../support/test-set';
import type { WireClient } from '../support/wire-client';

/**
 * Members are killed, frozen and restarted one at a time while three writers, one for each member, write on. A failure
 * names its seed: give it as SURVIVAL_SEED to deal the same blows again. SURVIVAL_SECONDS: how long.
 */
const seed = Number(process.env['SURVIVAL_SEED'] ?? Date.now() % 1_000_000);
const forMs = Number(process.env['SURVIVAL_SECONDS'] ?? 40) * 1000;
jest.setTimeout(forMs + 120_000);

const settings = { electionTimeoutMillis: 1500, heartbeatIntervalMillis: 300, heartbeatTimeoutSecs: 1 };
const answerMs = 6000;

/** A write that was acknowledged: where, in which term, and when it was sent and answered. */
interface Acknowledged {
  readonly id: string;
  readonly member: TestMember;
  readonly term: number;
  readonly sentAt: number;
  readonly answeredAt: number;
}

const set = new TestSet();
const members = [1, 2, 3].map((number) => set.member(number));
let isOver = false;

afterAll(() => set.end());

/** Writes to one member for as long as the test runs, whatever it is; notes what is acknowledged. */
const write = async (
  member: TestMember,
  collection: string,
  writeConcern: Document,
): Promise<Acknowledged[]> => {
  const acknowledged: Acknowledged[] = [];
  let client: WireClient | undefined;
  for (let number = 0; !isOver; number += 1) {
    const id = `${member.ip}/${number}`;
    const sentAt = Date.now();
    try {
      client = client?.isOpen === true ? client : await member.asSystem();
      const command = { insert: collection, documents: [{ _id: id }], writeConcern, $db: 'd' };
      const reply: Record<string, unknown> = await client.run(command, answerMs);
      const { opTime } = reply as { opTime?: { t: number } };
      if (reply['ok'] === 1 && reply['n'] === 1 && reply['writeConcernError'] === undefined) {
        acknowledged.push({ id, member, term: Number(opTime?.t), sentAt, answeredAt: Date.now() });
      } else await sleep(40);
    } catch {
      await sleep(100);
    }
  }
  client?.close();
  return acknowledged;
};

/** Terms one member tells; gives those that came after a higher one in the same life of the process. */
const watchTerm = async (member: TestMember): Promise<string[]> => {
  const wrong: string[] = [];
  let last = { pid: member.pid, term: -1 };
  while (!isOver) {
    const { pid } = member;
    const status = await member.ask({ replSetGetStatus: 1 }, answerMs).catch(() => undefined);
    if (status?.['ok'] === 1 && member.pid === pid) {
      const term = Number(status['term']);
      if (pid === last.pid && term < last.term) wrong.push(`${member.host}: ${term} after ${last.term}`);
      last = { pid, term };
    }
    await sleep(50);
  }
  return wrong;
};

const idsAt = async (member: TestMember, collection: string): Promise<Set<string>> => {
  const ids = new Set<string>();
  const mode = { mode: 'secondaryPreferred' };
  const first = { find: collection, batchSize: 10_000, $readPreference: mode, $db: 'd' };
  let reply = (await member.ask(first)) as {
    cursor: { id: unknown; firstBatch?: Document[]; nextBatch?: Document[] };
  };
  for (;;) {
    for (const { _id } of reply.cursor.firstBatch ?? reply.cursor.nextBatch ?? []) ids.add(String(_id));
    if (String(reply.cursor.id) === '0') return ids;
    reply = (await member.ask({ getMore: reply.cursor.id, collection, $db: 'd' })) as typeof reply;
  }
};

/** What the rollbacks of a member took out of a collection. */
const rolledBackAt = (member: TestMember, collection: string): string[] => {
  const folder = join(member.dbPath, 'rollback', `d.${collection}`);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const ids: string[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) {
      ids.push(String(deserialize(bytes.subarray(at, at + bytes.readInt32LE(at)))['_id']));
    }
    return ids;
  });
};

/** Waits until a write has reached all members. */
const settle = async (): Promise<void> => {
  const last = { insert: 'last', documents: [{ a: 1 }], writeConcern: { w: 3, wtimeout: 5000 }, $db: 'd' };
  await eventually('a last write is everywhere', async () => {
    for (const member of members) {
      const reply = await member.ask(last, 2 * answerMs);
      if (reply['ok'] === 1 && reply['writeConcernError'] === undefined) return true;
    }
    return undefined;
  });
};

test(`seed ${seed}: what was acknowledged with w: majority is on all members afterwards, and one primary acknowledges in a term`, async () => {
  await set.start(...members);
  await set.initiate(
    members,
    members.map(({ host }, index) => ({ _id: index, host })),
    settings,
  );
  const majority = members.map((member) => write(member, 'majority', { w: 'majority', wtimeout: 4000 }));
  const journaled = members.map((member) => write(member, 'journaled', { w: 1, j: true }));
  const terms = members.map(watchTerm);
  const until = Date.now() + forMs;
  for (const planned of planStrikes(makeChance(seed), members.length, forMs)) {
    const member = members[planned.member];
    // On a busy machine members take longer to come back than was planned.
    if (member !== undefined && Date.now() < until) await strike(member, planned);
  }
  await sleep(1000);
  isOver = true;
  const acknowledged = (await Promise.all(majority)).flat();
  const durable = (await Promise.all(journaled)).flat();
  expect((await Promise.all(terms)).flat()).toEqual([]);
  expect(members.map(({ exitCode }) => exitCode)).toEqual([null, null, null]);
  await settle();

  const held = await Promise.all(members.map((member) => idsAt(member, 'majority')));
  for (const ids of held) expect(acknowledged.filter(({ id }) => !ids.has(id))).toEqual([]);
  // Less than this would mean that the set was hardly ever writable, and nothing was tried.
  expect(acknowledged.length).toBeGreaterThan(forMs / 200);

  const inTerm = new Map<number, Set<TestMember>>();
  for (const { term, member } of acknowledged) inTerm.set(term, (inTerm.get(term) ?? new Set()).add(member));
  const shared = [...inTerm].filter(([, primaries]) => primaries.size > 1).map(([term]) => term);
  expect(shared).toEqual([]);
  expect(inTerm.size).toBeGreaterThan(2);

  // A write sent after another was acknowledged is of the same term or a later one.
  const byAnswer = [...acknowledged].sort((one, other) => one.answeredAt - other.answeredAt);
  const bySending = [...acknowledged].sort((one, other) => one.sentAt - other.sentAt);
  let answered = 0;
  let highest = -1;
  for (const { sentAt, term } of bySending) {
    for (
      let next = byAnswer[answered];
      next !== undefined && next.answeredAt < sentAt;
      next = byAnswer[answered]
    ) {
      highest = Math.max(highest, next.term);
      answered += 1;
    }
    expect(term).toBeGreaterThanOrEqual(highest);
  }

  // A journaled write to one member may be rolled back, but then it lies in a file.
  const kept = await Promise.all(members.map((member) => idsAt(member, 'journaled')));
  const filed = new Set(members.flatMap((member) => rolledBackAt(member, 'journaled')));
  const lost = durable.filter(({ id }) => !filed.has(id) && !kept.every((ids) => ids.has(id)));
  expect(lost).toEqual([]);
});
