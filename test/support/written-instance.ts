import { isDeepStrictEqual } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import type { OperationKind } from '../../src/domain/instance';
import { instanceWorkflowId } from '../../src/domain/workflow-ids';
import type { Environment } from './environment';
import {
  awaitHealth,
  connectionStringOf,
  createInstance,
  ensureNamespace,
  instanceRef,
  readInstance,
  removeInstance,
} from './instances';
import { until } from './until';
import { readPage } from './workflow-page';
import { startWrittenSet } from './written-set';
import { withMember } from '../../local/chaos/replica-set-proof';
import type { VoterWatch } from '../../local/chaos/voter-watch';
import type { WriterResult } from '../../local/chaos/writer';

// Not loose: a reply tells the time as well.
const configSchema = z.object({
  config: z.object({
    members: z.array(
      z.looseObject({
        _id: z.number(),
        host: z.string(),
        votes: z.number(),
        priority: z.number(),
        hidden: z.boolean(),
        arbiterOnly: z.boolean(),
        tags: z.record(z.string(), z.string()),
      }),
    ),
  }),
});
type ConfigMember = z.output<typeof configSchema>['config']['members'][number];
type Command = Readonly<Record<string, unknown>>;

/** A healthy instance under writes (ten a second, `w: majority`) that is changed, and watched meanwhile. */
export interface WrittenInstance {
  readonly voters: VoterWatch;
  read(): Promise<MultiCloudMongoDB>;
  patch(change: object): Promise<unknown>;
  /** A person's command to the entity. */
  command(name: string, request: object): Promise<unknown>;
  /** What each data member, asked for itself, answers to these commands, taken together. */
  askEach<T>(schema: z.ZodType<T>, ...commands: readonly Command[]): Promise<T[]>;
  /** The members of the configuration that every data member holds. @throws when two hold different ones */
  readMembers(): Promise<ConfigMember[]>;
  /** What the Temporal UI shows of the entity, or of one of its operations. */
  readPage(workflowId?: string): Promise<string>;
  /** Longest time between two acknowledged writes since the last call of this or of `carriedOut`, ms. */
  lapWriter(): number;
  /** Resolves when this operation, begun by `act`, has ended well and the set is healthy. */
  carriedOut(kind: OperationKind, act: () => Promise<unknown>): Promise<MultiCloudMongoDB>;
  /** Ends the writes and reads them back. */
  stopWriter(): Promise<WriterResult>;
  /** Removes it, and tells how long each operation took and writes stood still. */
  remove(): Promise<void>;
}

/** @param uriOf for the writes; absent: the connection Secret's, of root */
export async function startWrittenInstance(
  environment: Environment,
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  uriOf?: (cr: MultiCloudMongoDB) => string,
): Promise<WrittenInstance> {
  const { karmada } = environment;
  const connection = await Connection.connect({ address: environment.temporalAddress });
  const temporal = new Client({ connection });
  await ensureNamespace(karmada, namespace);
  await createInstance(karmada, namespace, name, spec);
  const created = await awaitHealth(karmada, namespace, name);
  const uri = uriOf?.(created) ?? (await connectionStringOf(karmada, namespace, name));
  const set = await startWrittenSet(environment, namespace, name, uri);

  async function read(): Promise<MultiCloudMongoDB> {
    const cr = await readInstance(karmada, namespace, name);
    if (cr === undefined) throw new Error('the custom resource is gone');
    return cr;
  }

  async function carriedOut(kind: OperationKind, act: () => Promise<unknown>): Promise<MultiCloudMongoDB> {
    const known = new Set((await read()).status?.operations?.map(({ workflowId }) => workflowId));
    return set.hold(kind, async () => {
      await act();
      return until(`${kind} carried out`, 800, async () => {
        const now = await read();
        const record = now.status?.operations?.find(({ workflowId }) => !known.has(workflowId));
        if (record !== undefined && record.outcome !== 'succeeded')
          throw new Error(`${record.kind} ${record.outcome}: ${record.message ?? ''}`);
        const ended = record?.kind === kind && now.status?.operation === undefined;
        return ended && now.status?.state === 'Health'
          ? { answer: now }
          : { reason: JSON.stringify(now.status?.operation ?? now.status?.conditions) };
      });
    });
  }

  async function askEach<T>(schema: z.ZodType<T>, ...commands: readonly Command[]): Promise<T[]> {
    const members = (await read()).status?.members ?? [];
    const current = await connectionStringOf(karmada, namespace, name);
    const hosts = members.flatMap(({ role, host }) => (role === 'ARBITER' ? [] : (host ?? [])));
    return Promise.all(
      hosts.map((host) =>
        withMember(current, host, async (ask) => {
          const replies: object[] = [];
          for (const command of commands) replies.push(await ask({ ...command }));
          return schema.parse(Object.assign({}, ...replies));
        }),
      ),
    );
  }

  async function readMembers(): Promise<ConfigMember[]> {
    const [first, ...others] = await askEach(configSchema, { replSetGetConfig: 1 });
    if (others.some((other) => !isDeepStrictEqual(other, first)))
      throw new Error(`members hold different configurations: ${JSON.stringify([first, ...others])}`);
    return first?.config.members ?? [];
  }

  const entityId = async (): Promise<string> =>
    instanceWorkflowId(namespace, name, (await read()).metadata.uid);

  return {
    voters: set.voters,
    read,
    patch: (change) => karmada.mergePatch(instanceRef(namespace, name), change),
    command: async (command, request) =>
      temporal.workflow.getHandle(await entityId()).executeUpdate(command, { args: [request] }),
    askEach,
    readMembers,
    readPage: async (workflowId) => readPage(temporal, workflowId ?? (await entityId())),
    lapWriter: () => set.lapWriter(),
    carriedOut,
    stopWriter: () => set.stopWriter(),
    remove: async () => {
      await set.stop();
      await removeInstance(karmada, namespace, name);
      await connection.close();
    },
  };
}

/** Members that each cluster holds by the status. */
export const sharesOf = (cr: MultiCloudMongoDB): Record<string, number> =>
  Object.fromEntries((cr.status?.placement?.current ?? []).map((share) => [share.cluster, share.replicaset]));
