import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';

export interface WriterResult {
  readonly acknowledged: number;
  /** Acknowledged, and not there when read back. */
  readonly lost: readonly number[];
  /** Longest time between two acknowledged writes, or after the last, in ms. */
  readonly outageMs: number;
}

export interface Writer {
  /** Writes that were acknowledged so far. */
  count(): number;
  /** Longest outage since the last call of this, in ms; begins anew. */
  lap(): number;
  /** Ends the writing and reads everything back with a majority. */
  stop(): Promise<WriterResult>;
}

const PERIOD_MS = 100;

/** Writes a new document ten times a second with `w: majority` and remembers which were acknowledged. */
export async function startWriter(uri: string, collection: string): Promise<Writer> {
  const client = await MongoClient.connect(uri, { serverSelectionTimeoutMS: 30_000, retryWrites: true });
  const documents = client
    .db('e2e')
    .collection<{ _id: number }>(collection, { writeConcern: { w: 'majority', wtimeoutMS: 20_000 } });
  const acknowledged: number[] = [];
  const end = new AbortController();
  let last = Date.now();
  let longest = 0;
  let inLap = 0;
  const writing = (async () => {
    for (let id = 0; !end.signal.aborted; id += 1) {
      try {
        await documents.insertOne({ _id: id });
        acknowledged.push(id);
        const now = Date.now();
        longest = Math.max(longest, now - last);
        inLap = Math.max(inLap, now - last);
        last = now;
      } catch {
        // Not acknowledged: nothing was promised of this one.
      }
      await sleep(PERIOD_MS);
    }
  })();
  async function readBack(): Promise<WriterResult> {
    end.abort();
    longest = Math.max(longest, Date.now() - last);
    await writing;
    try {
      const found = await documents
        .find({}, { readConcern: { level: 'majority' } })
        .map((document) => document._id)
        .toArray();
      const there = new Set(found);
      const lost = acknowledged.filter((id) => !there.has(id));
      return { acknowledged: acknowledged.length, lost, outageMs: longest };
    } finally {
      await client.close();
    }
  }

  let result: Promise<WriterResult> | undefined;
  return {
    count: () => acknowledged.length,
    lap: () => {
      // One that lasts has no write at its end yet.
      const outage = Math.max(inLap, Date.now() - last);
      inLap = 0;
      return outage;
    },
    stop: () => (result ??= readBack()),
  };
}
