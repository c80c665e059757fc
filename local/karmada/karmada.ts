import { startBindingController } from './controllers/binding';
import { startBindingStatus } from './controllers/binding-status';
import { startClusterController } from './controllers/cluster';
import { startClusterStatus } from './controllers/cluster-status';
import { startCollector } from './controllers/collector';
import { startDetector } from './controllers/detector';
import { startExecution } from './controllers/execution';
import { createVersionRecord } from './controllers/member-writing';
import { startNamespaces } from './controllers/namespaces';
import { startScheduler } from './controllers/scheduler';
import { startWorkStatus } from './controllers/work-status';
import { createHub, waitSynced, type Log, type Timing } from './hub';
import { installKarmada, type InstallOptions } from './install';
import { ApiError, connectByKubeconfig } from './kube/connection';
import { createMembers } from './members';
import { startWebhook } from './webhook/server';

export interface KarmadaOptions {
  /** Kubeconfig file of the bare API server that is to be Karmada's. */
  readonly kubeconfig: string;
  /** `host:port` to serve admission on, also the address under which that API server finds it; none without `certDir`. */
  readonly webhookAddress?: string | undefined;
  /** Folder with ca.crt and a certificate for that host: tls.crt, tls.key or server.crt, server.key. */
  readonly certDir?: string | undefined;
  readonly timing?: Partial<Timing>;
  readonly log: Log;
}

export interface Karmada {
  stop(): Promise<void>;
}

export const DEFAULT_TIMING: Timing = {
  discoveryPeriodMs: 30_000,
  clusterStatusPeriodMs: 5_000,
  failureThresholdMs: 10_000,
  successThresholdMs: 5_000,
};

const INSTALL_PATIENCE_MS = 120_000;
const INSTALL_WAIT_MS = 1_000;

/** An API server that is still starting, or starts again, is waited for; a refusal is not. */
async function installPatiently(options: InstallOptions, log: Log): Promise<void> {
  const deadline = Date.now() + INSTALL_PATIENCE_MS;
  for (;;) {
    try {
      await installKarmada(options);
      return;
    } catch (error) {
      const passing = error instanceof ApiError && (error.code === 0 || error.code >= 500);
      if (!passing || Date.now() > deadline) throw error;
      log.warn({ error: error.message }, 'the control plane does not answer yet');
      await new Promise((resolve) => setTimeout(resolve, INSTALL_WAIT_MS));
    }
  }
}

/**
 * Installs what is missing and runs every controller until stopped. Nothing is kept besides the API server: a new start goes on where a
 * killed one was.
 * @throws ApiError, Error as {@link installKarmada} and startWebhook
 */
export async function startKarmada(options: KarmadaOptions): Promise<Karmada> {
  const { kubeconfig, webhookAddress, certDir, log } = options;
  const webhook =
    webhookAddress === undefined || certDir === undefined
      ? undefined
      : await startWebhook({ address: webhookAddress, certDir, log });
  try {
    await installPatiently({ kubeconfig, webhookAddress, certDir }, log);
  } catch (error) {
    await webhook?.stop();
    throw error;
  }
  const connection = connectByKubeconfig(kubeconfig);
  const hub = createHub(connection, { ...DEFAULT_TIMING, ...options.timing }, log);
  await waitSynced(hub);
  await hub.templates.whenKnown;
  const members = createMembers(connection, log);
  const versions = createVersionRecord();
  hub.onStop(() => members.stop());

  startWorkStatus(hub, members, versions);
  startExecution(hub, members, versions);
  startClusterController(hub);
  startClusterStatus(hub, members);
  startNamespaces(hub);
  startBindingStatus(hub);
  startBindingController(hub);
  startScheduler(hub);
  startCollector(hub);
  startDetector(hub);
  log.info({ server: connection.server }, 'karmada stand-in runs');

  return {
    async stop() {
      hub.stop();
      await webhook?.stop();
    },
  };
}
