import { z } from 'zod';
import { readAddress } from './domain/address';
import { FedStateError } from './domain/errors';

const address = z.string().regex(/^[^\s]*:\d{1,5}$/, 'must be HOST:PORT, e.g. 0.0.0.0:8081');

/** Every setting of every role, read from the environment once. Defaults suit a pod. */
const configSchema = z.object({
  /** Karmada's API server (controller, worker) or the member's own (member); unset: in-cluster. */
  KUBECONFIG: z.string().optional(),
  /** Namespace of kubeconfig Secrets and of the room ledger, on Karmada. */
  FEDSTATE_NAMESPACE: z.string().default('fedstate-system'),
  /** `from=to` pairs, comma-joined, e.g. `mongo:3.6=mongo:4.2`. */
  IMAGES_REPLACE: z.string().default(''),
  FEDSTATE_IMAGE: z.string().default('docker.io/fedstate/fedstate:0.1.0'),
  EXPORTER_IMAGE: z.string().default('docker.io/percona/mongodb_exporter:0.40'),
  /** Put over every pod's policy, for sites that load images by hand and have no registry. */
  IMAGE_PULL_POLICY: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  /** Address of this cluster for NodePorts, in single-cluster use. */
  VIP: z
    .string()
    .transform((text, context) => {
      const read = readAddress(text);
      if (read === undefined && text !== '')
        context.addIssue('must be an IPv4 or IPv6 address or a DNS name, without a port');
      return read;
    })
    .optional(),
  POD_NAMESPACE: z.string().default('fedstate-system'),
  POD_NAME: z.string().default('fedstate'),
  HEALTH_ADDRESS: address.default('0.0.0.0:8081'),
  METRICS_ADDRESS: address.default('0.0.0.0:8080'),
  TEMPORAL_METRICS_ADDRESS: address.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  RESYNC_SECONDS: z.coerce.number().int().min(5).default(600),
  /** Path of the workflow bundle made by `npm run bundle`; unset: bundled at start. */
  WORKFLOW_BUNDLE: z.string().optional(),
  /** Workflow runs kept in memory; 0 replays every task. */
  MAX_CACHED_WORKFLOWS: z.coerce.number().int().min(0).optional(),
  /** Health watches one worker runs at a time. */
  MAX_HEALTH_WATCHES: z.coerce.number().int().min(1).default(1000),
});

export type Config = z.infer<typeof configSchema>;

/** @throws InvalidSpec naming every bad variable and what it should be */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = configSchema.safeParse(environment);
  if (parsed.success) return parsed.data;
  throw new FedStateError('InvalidSpec', `Bad environment: ${z.prettifyError(parsed.error)}`);
}
