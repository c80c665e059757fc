import { KubeConfig } from '@kubernetes/client-node';
import pino from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { readConfig } from '../config';
import { messageOf } from '../domain/errors';
import { serveHealth, serveMetrics } from '../metrics';
import type { Role, Surroundings } from './role';

export type StartRole = (surroundings: Surroundings) => Promise<Role>;

const STOP_DEADLINE_MS = 30_000;

/** The life of a process that plays one role: from the environment to probes, metrics and an orderly end. */
export async function runRoleProcess(name: string, load: () => Promise<StartRole>): Promise<never> {
  const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'info' });
  const config = readConfig(process.env);
  const kubeConfig = new KubeConfig();
  if (config.KUBECONFIG === undefined) kubeConfig.loadFromCluster();
  else kubeConfig.loadFromFile(config.KUBECONFIG);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const start = await load();
  const role = await start({ config, kubeConfig, registry, logger: logger.child({ role: name }) });
  const listeners = await Promise.all([
    serveHealth(config.HEALTH_ADDRESS, () => role.ready()),
    serveMetrics(config.METRICS_ADDRESS, registry),
  ]);
  const asked = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  logger.info({ role: name }, 'started');
  const why = await Promise.race([asked, role.ended.then(() => 'ended')]);
  logger.info({ role: name, why }, 'stopping');
  setTimeout(() => {
    logger.error('did not stop in time');
    process.exit(1);
  }, STOP_DEADLINE_MS).unref();
  await role.stop();
  await Promise.all(listeners.map((listener) => listener.stop()));
  // Native threads of the Temporal runtime would keep the process.
  process.exit(0);
}

/** The last words of a process that cannot go on. */
export function dieOf(error: unknown): never {
  process.stderr.write(`${JSON.stringify({ level: 'fatal', msg: messageOf(error) })}\n`);
  process.exit(1);
}
