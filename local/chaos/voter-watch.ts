import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { z } from 'zod';

const statusSchema = z.looseObject({
  members: z.array(
    z.looseObject({ name: z.string(), health: z.number(), stateStr: z.string(), state: z.number() }),
  ),
});
const configSchema = z.looseObject({
  config: z.looseObject({ members: z.array(z.looseObject({ host: z.string(), votes: z.number() })) }),
});

export interface VoterWatch {
  /** Most voters that were seen not serving at one time since the last call; begins anew. */
  lap(): number;
  /** Who they were, when, and who said so; '' when all served. */
  worst(): string;
  /** Voters that serve now, as the primary sees them; 0 when nobody tells. */
  serving(): number;
  /**
   * Ms from `since` until `count` voters served again; 0 when they always have, undefined when they do not yet.
   * A time without a primary counts as one without voters.
   */
  restoredAfter(since: number, count: number): number | undefined;
  stop(): Promise<void>;
}

/** Voters that served from then on. */
interface Change {
  readonly at: number;
  readonly serving: number;
}

const PERIOD_MS = 250;
const PATIENCE_MS = 2_000;
const SERVING = [1, 2, 7];

/** Looks at the set through its primary, several times a second. */
export async function startVoterWatch(uri: string): Promise<VoterWatch> {
  const client = await MongoClient.connect(uri, {
    serverSelectionTimeoutMS: 5_000,
    socketTimeoutMS: PATIENCE_MS,
  });
  const changes: Change[] = [];
  const note = (serving: number): void => {
    if (changes.at(-1)?.serving !== serving) changes.push({ at: Date.now(), serving });
  };
  const end = new AbortController();
  let most = 0;
  let worst = '';
  const watching = (async () => {
    while (!end.signal.aborted) {
      try {
        const admin = client.db('admin');
        const { config } = configSchema.parse(await admin.command({ replSetGetConfig: 1 }));
        const { members } = statusSchema.parse(await admin.command({ replSetGetStatus: 1 }));
        const voting = new Set(config.members.filter(({ votes }) => votes > 0).map(({ host }) => host));
        const away = members.filter(
          ({ name, health, state }) => voting.has(name) && (health !== 1 || !SERVING.includes(state)),
        );
        if (away.length > most) {
          most = away.length;
          const primary = members.find(({ state }) => state === 1)?.name ?? 'nobody';
          const seen = away.map(({ name, health, stateStr }) => `${name} ${stateStr} (health ${health})`);
          worst = `${seen.join(', ')}, as ${primary} saw them at ${new Date().toISOString()}`;
        }
        note(voting.size - away.length);
      } catch {
        // No primary for the moment: the writer measures that.
        note(0);
      }
      await sleep(PERIOD_MS);
    }
  })();
  return {
    lap: () => {
      const seen = most;
      most = 0;
      worst = '';
      return seen;
    },
    worst: () => worst,
    serving: () => changes.at(-1)?.serving ?? 0,
    restoredAfter: (since, count) => restoredAfter(changes, since, count),
    stop: async () => {
      end.abort();
      await watching;
      await client.close();
    },
  };
}

/** Of the first loss after `since`. */
export function restoredAfter(changes: readonly Change[], since: number, count: number): number | undefined {
  const later = changes.filter(({ at }) => at > since);
  const lost = later.findIndex(({ serving }) => serving < count);
  if (lost === -1) return 0;
  const restored = later.slice(lost).find(({ serving }) => serving >= count);
  return restored === undefined ? undefined : restored.at - since;
}
