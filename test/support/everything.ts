import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { z } from 'zod';
import type { Kube } from '../../src/kube/client';
import { KINDS, type Kind } from '../../src/kube/object';
import type { Environment } from './environment';

const { History } = temporal.api.history.v1;

/** A place where a secret must not be, and what stands there. */
export interface Place {
  readonly where: string;
  readonly text: string;
}

/** Everything that people and programs without the right to read Secrets may see of a federation. */
export async function readEverything(environment: Environment): Promise<Place[]> {
  const clusters: [string, Kube][] = [['karmada', environment.karmada], ...environment.members];
  const objects = await Promise.all(
    clusters.flatMap(([cluster, kube]) =>
      (cluster === 'karmada' ? KARMADA_KINDS : MEMBER_KINDS).map((kind) => readObjects(cluster, kube, kind)),
    ),
  );
  return [
    ...objects.flat(),
    ...(await readHistories(environment.temporalAddress)),
    ...environment.logFolders.flatMap(readLogs),
    ...readProcesses(),
  ];
}

const KARMADA_KINDS = [
  KINDS.multiCloudMongoDB,
  KINDS.mongoDB,
  KINDS.configMap,
  KINDS.service,
  KINDS.propagationPolicy,
  KINDS.overridePolicy,
  KINDS.resourceBinding,
  KINDS.event,
] as const;
const MEMBER_KINDS = [
  KINDS.mongoDB,
  KINDS.statefulSet,
  KINDS.pod,
  KINDS.configMap,
  KINDS.service,
  KINDS.event,
] as const;

const anySchema = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });

async function readObjects(cluster: string, kube: Kube, kind: Kind): Promise<Place[]> {
  const { items } = await kube.list(kind, {}, anySchema);
  return items.map((item) => ({
    where: `${kind.kind} ${item.metadata.name} in ${cluster}`,
    text: JSON.stringify(item),
  }));
}

async function readHistories(address: string): Promise<Place[]> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    const places: Place[] = [];
    for await (const { workflowId, runId, memo } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const events: unknown = History.toObject(History.fromObject(history), { bytes: String, longs: String });
      places.push({
        where: `history of ${workflowId}`,
        text: JSON.stringify({ memo, events }),
      });
    }
    return places;
  } finally {
    await connection.close();
  }
}

function readLogs(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ where: `log ${path}`, text: readFileSync(path, 'utf8') }));
}

/** Arguments and environment of every process of this machine, those of containers included. */
function readProcesses(): Place[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      ['cmdline', 'environ'].flatMap((file) => {
        try {
          return [{ where: `${file} of process ${pid}`, text: readFileSync(`/proc/${pid}/${file}`, 'utf8') }];
        } catch {
          // It has ended, or is not ours to read.
          return [];
        }
      }),
    );
}
