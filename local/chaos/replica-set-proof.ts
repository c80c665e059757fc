import { MongoClient, type Document } from 'mongodb';
import { z } from 'zod';

/** What a client and a look at every member tell of a replica set. */
export interface ReplicaSetProof {
  readonly problems: readonly string[];
  /** e.g. `stand-in 4.2.24`. */
  readonly engine: string;
  /** Identity and configuration, to compare before and after. */
  readonly fingerprint: string;
}

const statusSchema = z.looseObject({
  members: z.array(z.looseObject({ name: z.string(), stateStr: z.string() })),
});
const configSchema = z.looseObject({
  config: z.looseObject({
    version: z.coerce.number(),
    term: z.coerce.number().optional(),
    members: z.array(z.looseObject({ _id: z.number(), host: z.string(), votes: z.number() })),
    settings: z.looseObject({ replicaSetId: z.unknown().transform(String) }),
  }),
});
const buildSchema = z.looseObject({ version: z.string(), standIn: z.string().optional() });

const TIMEOUT_MS = 20_000;

/**
 * Writes with `w: majority` through the driver as an application would, then asks each of `hosts` for itself: one set,
 * one primary, all others secondaries, all with a vote.
 */
export async function proveReplicaSet(
  uri: string,
  hosts: readonly string[],
  token: string,
): Promise<ReplicaSetProof> {
  const problems: string[] = [];
  const engine = await withClient(uri, {}, async (client) => {
    const notes = client.db('chaos').collection<{ _id: string }>('notes');
    await notes.updateOne(
      { _id: token },
      { $inc: { times: 1 } },
      { upsert: true, writeConcern: { w: 'majority' } },
    );
    if ((await notes.findOne({ _id: token })) === null)
      problems.push('a document that a majority acknowledged could not be read back');
    const { version, standIn } = buildSchema.parse(await client.db('admin').command({ buildInfo: 1 }));
    return `${standIn === undefined ? 'mongod' : 'stand-in'} ${version}`;
  });
  const configs = new Set<string>();
  const expected = ['PRIMARY', ...hosts.slice(1).map(() => 'SECONDARY')].join(', ');
  for (const host of hosts) {
    await withMember(uri, host, async (ask) => {
      const { members } = statusSchema.parse(await ask({ replSetGetStatus: 1 }));
      const states = members
        .map(({ stateStr }) => stateStr)
        .sort()
        .join(', ');
      if (states !== expected) problems.push(`${host} sees ${states}`);
      const { config } = configSchema.parse(await ask({ replSetGetConfig: 1 }));
      const votes = config.members.map((member) => `${member._id} ${member.host} votes ${member.votes}`);
      if (config.members.some((member) => member.votes !== 1))
        problems.push(`${host}: not all vote: ${votes.join(', ')}`);
      if (
        votes.length !== hosts.length ||
        hosts.some((one) => !config.members.some((member) => member.host === one))
      )
        problems.push(`${host} has other members: ${votes.join(', ')}`);
      configs.add(JSON.stringify([config.settings.replicaSetId, config.version, config.term, votes]));
    });
  }
  if (configs.size !== 1)
    problems.push(`members have different configurations: ${[...configs].join(' and ')}`);
  return { problems, engine, fingerprint: [...configs].sort().join(' ') };
}

/** One member asked for itself, with the credentials of the set's URI. */
export async function withMember<T>(
  uri: string,
  host: string,
  run: (ask: (command: Document) => Promise<Document>) => Promise<T>,
): Promise<T> {
  const { credentials } = z
    .object({ credentials: z.string() })
    .parse(/^mongodb:\/\/(?<credentials>[^@]*)@/.exec(uri)?.groups);
  const own = `mongodb://${credentials}@${host}/?authSource=admin`;
  return withClient(own, { directConnection: true }, (client) =>
    run((command) => client.db('admin').command(command)),
  );
}

async function withClient<T>(
  uri: string,
  options: { readonly directConnection?: boolean },
  run: (client: MongoClient) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(uri, { ...options, serverSelectionTimeoutMS: TIMEOUT_MS });
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}
