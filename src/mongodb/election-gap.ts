import { Long, Timestamp } from 'mongodb';
import { z } from 'zod';
import { withMember, type Access, type MemberSession } from './connect';

const MOST_MS = 5_000;

const entriesSchema = z.looseObject({
  cursor: z.looseObject({
    firstBatch: z.array(z.looseObject({ ts: z.instanceof(Timestamp), wall: z.date() })),
  }),
});

/** What the oplog holds of a change of primaries: its two ends, each by the clock of who wrote it. */
export interface ElectionGap {
  /** Last entry of the terms before. */
  readonly lastWrite: Date;
  /** First entry of the new term: from here on the new primary takes writes. */
  readonly firstWrite: Date;
}

/**
 * The time between two primaries as the new one's oplog tells it, in every version: the most that writes can have stopped
 * for, but for the difference of two clocks; where nobody wrote, up to 10 s too much (the server's no-op entries).
 * @param since the last term that was known before
 * @returns undefined when the oplog reaches back not far enough, or the new term has no entry yet
 * @throws FedStateError as {@link withMember}
 */
export function readElectionGap(
  host: string,
  access: Access,
  { since, term }: { readonly since: number; readonly term: number },
): Promise<ElectionGap | undefined> {
  return withMember(host, access, async (session) => {
    const last = await findEntry(session, { t: { $lte: Long.fromNumber(since) } }, -1);
    if (last === undefined) return undefined;
    const first = await findEntry(session, { ts: { $gt: last.ts }, t: Long.fromNumber(term) }, 1);
    return first === undefined ? undefined : { lastWrite: last.wall, firstWrite: first.wall };
  });
}

async function findEntry(session: MemberSession, filter: object, direction: 1 | -1) {
  const command = {
    find: 'oplog.rs',
    filter,
    sort: { $natural: direction },
    limit: 1,
    singleBatch: true,
    projection: { ts: 1, wall: 1 },
    maxTimeMS: MOST_MS,
  };
  const { cursor } = await session.ask(entriesSchema, command, 'local');
  return cursor.firstBatch[0];
}
