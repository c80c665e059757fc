import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { z } from 'zod';

const helloSchema = z.looseObject({
  isWritablePrimary: z.boolean().optional(),
  ismaster: z.boolean().optional(),
});

export interface PrimaryWatch {
  /** Members to ask from now on, beside those that were named before. */
  add(hosts: readonly string[]): void;
  /** Each time that two members called themselves primary in two sweeps one after the other, or in more. */
  stop(): Promise<readonly Overlap[]>;
}

/** Two primaries at one time; ms of Date.now(). */
export interface Overlap {
  readonly hosts: string;
  readonly from: number;
  readonly to: number;
}

const PERIOD_MS = 500;

/** Asks every member itself, also those that others have given up: a sweep is not one moment, two in a row are. */
export function startPrimaryWatch(): PrimaryWatch {
  const clients = new Map<string, MongoClient>();
  const end = new AbortController();
  const seen: Overlap[] = [];
  const ask = async (host: string, client: MongoClient): Promise<string[]> => {
    try {
      const hello = helloSchema.parse(await client.db('admin').command({ isMaster: 1 }));
      return (hello.isWritablePrimary ?? hello.ismaster) === true ? [host] : [];
    } catch {
      return [];
    }
  };
  const watching = (async () => {
    let since: number | undefined;
    while (!end.signal.aborted) {
      const sweeps = await Promise.all([...clients].map(([host, client]) => ask(host, client)));
      const claims = sweeps.flat();
      if (claims.length < 2) since = undefined;
      else if (since === undefined) since = Date.now();
      else {
        const last = seen.at(-1)?.from === since ? seen.pop() : undefined;
        seen.push({ hosts: last?.hosts ?? claims.join(' and '), from: since, to: Date.now() });
      }
      await sleep(PERIOD_MS);
    }
  })();
  return {
    add: (hosts) => {
      for (const host of hosts) {
        if (clients.has(host)) continue;
        const timeout = 1_000;
        clients.set(
          host,
          new MongoClient(`mongodb://${host}/`, {
            directConnection: true,
            serverSelectionTimeoutMS: timeout,
            connectTimeoutMS: timeout,
            socketTimeoutMS: timeout,
          }),
        );
      }
    },
    stop: async () => {
      end.abort();
      await watching;
      await Promise.all([...clients.values()].map((client) => client.close()));
      return seen;
    },
  };
}
