import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Runtime, type ActivityInterceptorsFactory } from '@temporalio/worker';
import { parseImageReplacements } from '../domain/image';
import { createMemberAccess } from '../karmada/member-access';
import { createKube } from '../kube/client';
import { createEventRecorder } from '../kube/event';
import { startWorkers } from '../worker';
import { userAgentOf, type Role, type Surroundings } from './role';

/** Runs workflows and activities; others' interceptors come around the activities. */
export async function runWorker(
  { config, kubeConfig, logger }: Surroundings,
  activityInterceptors: readonly ActivityInterceptorsFactory[] = [],
): Promise<Role> {
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
  const userAgent = userAgentOf('worker');
  const karmada = createKube(kubeConfig, { userAgent });
  const workers = await startWorkers({
    connection,
    namespace,
    workflowBundle: config.WORKFLOW_BUNDLE,
    maxCachedWorkflows: config.MAX_CACHED_WORKFLOWS,
    maxHealthWatches: config.MAX_HEALTH_WATCHES,
    activityInterceptors,
    context: {
      karmada,
      members: createMemberAccess(karmada, kubeConfig, config.FEDSTATE_NAMESPACE, userAgent),
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
