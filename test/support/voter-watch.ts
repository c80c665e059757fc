import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { z } from 'zod';

const statusSchema = z.looseObject({
  members: z.array(z.looseObject({ name: z.string(), health: z.number(), state: z.number() })),
});
const configSchema = z.looseObject({
  config: z.looseObject({ members: z.array(z.looseObject({ host: z.string(), votes: z.number() })) }),
});

export interface VoterWatch {
  /** Most voters that were seen not serving at one time since the last call; begins anew. */
  lap(): number;
  stop(): Promise<void>;
}

const PERIOD_MS = 250;
const SERVING = [1, 2, 7];

/** Looks at the set through its primary, several times a second. */
export async function startVoterWatch(uri: string): Promise<VoterWatch> {
  const client = await MongoClient.connect(uri, { serverSelectionTimeoutMS: 5_000 });
  const end = new AbortController();
  let most = 0;
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
        most = Math.max(most, away.length);
      } catch {
        // No primary for the moment: the writer measures that.
      }
      await sleep(PERIOD_MS);
    }
  })();
  return {
    lap: () => {
      const seen = most;
      most = 0;
      return seen;
    },
    stop: async () => {
      end.abort();
      await watching;
      await client.close();
    },
  };
}
