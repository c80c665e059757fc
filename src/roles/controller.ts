import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TASK_QUEUE } from '../domain/task-queues';
import { createKube } from '../kube/client';
import { startController } from '../triggers/controller';
import { never, userAgentOf, type Role, type Surroundings } from './role';

/** Watches custom resources on Karmada and pokes their workflows. */
export async function runController({ config, kubeConfig, registry, logger }: Surroundings): Promise<Role> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect(connectionOptions);
  const controller = await startController({
    kube: createKube(kubeConfig, { userAgent: userAgentOf('controller') }),
    temporal: new Client({ connection, namespace: namespace ?? 'default' }),
    taskQueue: TASK_QUEUE,
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
