import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ConnectionTarget } from './connection';

const kubeconfigSchema = z.looseObject({
  'current-context': z.string().default(''),
  contexts: z
    .array(
      z.looseObject({ name: z.string(), context: z.looseObject({ cluster: z.string(), user: z.string() }) }),
    )
    .default([]),
  clusters: z
    .array(
      z.looseObject({
        name: z.string(),
        cluster: z.looseObject({
          server: z.string(),
          'certificate-authority': z.string().optional(),
          'certificate-authority-data': z.string().optional(),
          'insecure-skip-tls-verify': z.boolean().optional(),
        }),
      }),
    )
    .default([]),
  users: z
    .array(
      z.looseObject({
        name: z.string(),
        user: z.looseObject({
          'client-certificate': z.string().optional(),
          'client-certificate-data': z.string().optional(),
          'client-key': z.string().optional(),
          'client-key-data': z.string().optional(),
          token: z.string().optional(),
          tokenFile: z.string().optional(),
        }),
      }),
    )
    .default([]),
});

/**
 * What a kubeconfig file says of its current context: certificates and tokens, inline or in files. The client library would do it too,
 * but costs 70 MB and two seconds of start. Exec plugins are not run.
 * @throws Error naming the file and the field
 */
export function readTarget(path: string, timeoutMs?: number): ConnectionTarget {
  const parsed = kubeconfigSchema.safeParse(parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  const { contexts, clusters, users, 'current-context': current } = parsed.data;
  const context = contexts.find((entry) => entry.name === current)?.context;
  const cluster = clusters.find((entry) => entry.name === context?.cluster)?.cluster;
  if (cluster === undefined) {
    throw new Error(`${path}: current-context "${current}" names no cluster: set it to one of the contexts.`);
  }
  const user = users.find((entry) => entry.name === context?.user)?.user ?? {};
  const file = (name: string | undefined): Buffer | undefined =>
    name === undefined ? undefined : readFileSync(resolve(dirname(path), name));
  const bytes = (data: string | undefined, name: string | undefined): Buffer | undefined =>
    data === undefined ? file(name) : Buffer.from(data, 'base64');
  return {
    server: cluster.server,
    ca: bytes(cluster['certificate-authority-data'], cluster['certificate-authority']),
    cert: bytes(user['client-certificate-data'], user['client-certificate']),
    key: bytes(user['client-key-data'], user['client-key']),
    token: user.token ?? file(user.tokenFile)?.toString('utf8').trim(),
    skipVerify: cluster['insecure-skip-tls-verify'],
    timeoutMs,
  };
}
