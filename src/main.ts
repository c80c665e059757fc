import { KubeConfig } from '@kubernetes/client-node';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import pino, { type Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { readConfig, type Config } from './config';
import { FedStateError, messageOf } from './domain/errors';
import { parseImageReplacements } from './domain/image';
import { createMemberAccess } from './karmada/member-access';
import { createKube } from './kube/client';
import { createEventRecorder } from './kube/event';
import { startMemberManager } from './member/manager';
import { serveHealth, serveMetrics } from './metrics';
import { startController } from './triggers/controller';
import { startWorkers } from './worker';

interface Role {
  ready(): boolean;
  /** Settles only when the role ends by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

interface Surroundings {
  readonly config: Config;
  readonly kubeConfig: KubeConfig;
  readonly registry: Registry;
  readonly logger: Logger;
}

const ROLES = { controller: runController, worker: runWorker, member: runMember } as const;
const STOP_DEADLINE_MS = 30_000;
const never = new Promise<void>(() => undefined);

async function runController({ config, kubeConfig, registry, logger }: Surroundings): Promise<Role> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect(connectionOptions);
  const controller = await startController({
    kube: createKube(kubeConfig),
    temporal: new Client({ connection, namespace: namespace ?? 'default' }),
    taskQueue: 'fedstate',
    logger,
    registry,
    resyncSeconds: config.RESYNC_SECONDS,
  });
  return {
    ready: () => controller.ready(),
    ended: never,
    stop: async () => {
      await controller.stop();
      await connection.close();
    },
  };
}

async function runWorker({ config, kubeConfig, logger }: Surroundings): Promise<Role> {
  // The process stops roles itself, in order: the runtime must not take SIGTERM for its own.
  Runtime.install({
    shutdownSignals: [],
    ...(config.TEMPORAL_METRICS_ADDRESS === undefined
      ? {}
      : {
          telemetryOptions: {
            metrics: {
              prometheus: { bindAddress: config.TEMPORAL_METRICS_ADDRESS, countersTotalSuffix: true },
            },
          },
        }),
  });
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const connection = await NativeConnection.connect(connectionOptions);
  const clientConnection = await Connection.connect(connectionOptions);
  const karmada = createKube(kubeConfig);
  const workers = await startWorkers({
    connection,
    namespace,
    workflowBundle: config.WORKFLOW_BUNDLE,
    maxCachedWorkflows: config.MAX_CACHED_WORKFLOWS,
    maxHealthWatches: config.MAX_HEALTH_WATCHES,
    context: {
      karmada,
      members: createMemberAccess(karmada, kubeConfig, config.FEDSTATE_NAMESPACE),
      temporal: new Client({ connection: clientConnection, namespace }),
      events: createEventRecorder(karmada, { component: 'fedstate-worker' }),
      logger,
      imageReplacements: parseImageReplacements(config.IMAGES_REPLACE),
      systemNamespace: config.FEDSTATE_NAMESPACE,
      now: () => new Date(),
    },
  });
  return {
    ready: () => true,
    ended: workers.finished,
    stop: async () => {
      await workers.stop();
      await clientConnection.close();
      await connection.close();
    },
  };
}

async function runMember({ config, kubeConfig, registry, logger }: Surroundings): Promise<Role> {
  const manager = await startMemberManager({
    kube: createKube(kubeConfig),
    config: {
      fedstateImage: config.FEDSTATE_IMAGE,
      exporterImage: config.EXPORTER_IMAGE,
      imageReplacements: parseImageReplacements(config.IMAGES_REPLACE),
      imagePullPolicy: config.IMAGE_PULL_POLICY,
      vip: config.VIP,
      leaseNamespace: config.POD_NAMESPACE,
      identity: config.POD_NAME,
    },
    logger,
    registry,
  });
  return { ready: () => manager.ready(), ended: never, stop: () => manager.stop() };
}

async function main(): Promise<void> {
  const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'info' });
  const name = process.argv[2];
  const start = name === undefined ? undefined : Object.entries(ROLES).find(([role]) => role === name)?.[1];
  if (start === undefined) {
    throw new FedStateError(
      'InvalidSpec',
      `Usage: main.js ROLE, where ROLE is one of ${Object.keys(ROLES).join(', ')}.`,
    );
  }
  const config = readConfig(process.env);
  const kubeConfig = new KubeConfig();
  if (config.KUBECONFIG === undefined) kubeConfig.loadFromCluster();
  else kubeConfig.loadFromFile(config.KUBECONFIG);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

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

main().catch((error: unknown) => {
  process.stderr.write(`${JSON.stringify({ level: 'fatal', msg: messageOf(error) })}\n`);
  process.exit(1);
});
