import { Client, Connection } from '@temporalio/client';
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
import { startVoterWatch, type VoterWatch } from '../../local/chaos/voter-watch';
import { startWriter, type Writer, type WriterResult } from '../../local/chaos/writer';

/** A healthy instance under writes (ten a second, `w: majority`) that is changed, and watched meanwhile. */
export interface WrittenInstance {
  readonly voters: VoterWatch;
  read(): Promise<MultiCloudMongoDB>;
  patch(change: object): Promise<unknown>;
  /** A person's command to the entity. */
  command(name: string, request: object): Promise<unknown>;
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
  const writer: Writer = await startWriter(uri, 'written');
  const voters = await startVoterWatch(uri);
  const outages: string[] = [];

  async function read(): Promise<MultiCloudMongoDB> {
    const cr = await readInstance(karmada, namespace, name);
    if (cr === undefined) throw new Error('the custom resource is gone');
    return cr;
  }

  async function carriedOut(kind: OperationKind, act: () => Promise<unknown>): Promise<MultiCloudMongoDB> {
    const known = new Set((await read()).status?.operations?.map(({ workflowId }) => workflowId));
    writer.lap();
    voters.lap();
    const begun = Date.now();
    await act();
    const cr = await until(`${kind} carried out`, 800, async () => {
      const now = await read();
      const record = now.status?.operations?.find(({ workflowId }) => !known.has(workflowId));
      if (record !== undefined && record.outcome !== 'succeeded')
        throw new Error(`${record.kind} ${record.outcome}: ${record.message ?? ''}`);
      const ended = record?.kind === kind && now.status?.operation === undefined;
      return ended && now.status?.state === 'Health'
        ? { answer: now }
        : { reason: JSON.stringify(now.status?.operation ?? now.status?.conditions) };
    });
    const seconds = Math.round((Date.now() - begun) / 1000);
    const away = voters.lap();
    outages.push(
      `${kind}: ${seconds} s, longest write outage ${writer.lap()} ms, ${away} voters away at most`,
    );
    if (away > 1) throw new Error(`${away} voters were away at one time (S2)`);
    return cr;
  }

  const entityId = async (): Promise<string> =>
    instanceWorkflowId(namespace, name, (await read()).metadata.uid);

  return {
    voters,
    read,
    patch: (change) => karmada.mergePatch(instanceRef(namespace, name), change),
    command: async (command, request) =>
      temporal.workflow.getHandle(await entityId()).executeUpdate(command, { args: [request] }),
    readPage: async (workflowId) => readPage(temporal, workflowId ?? (await entityId())),
    lapWriter: () => writer.lap(),
    carriedOut,
    stopWriter: () => writer.stop(),
    remove: async () => {
      process.stderr.write(`${namespace}/${name}\n${outages.map((line) => `  ${line}\n`).join('')}`);
      await voters.stop();
      await removeInstance(karmada, namespace, name);
      await connection.close();
    },
  };
}

/** Members that each cluster holds by the status. */
export const sharesOf = (cr: MultiCloudMongoDB): Record<string, number> =>
  Object.fromEntries((cr.status?.placement?.current ?? []).map((share) => [share.cluster, share.replicaset]));
