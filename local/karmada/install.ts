import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterCrd } from './crds/cluster';
import { overridePolicyCrd, propagationPolicyCrd } from './crds/policies';
import { resourceBindingCrd, workCrd } from './crds/works';
import { isConditionTrue } from './domain/conditions';
import { APPLY_PATCH, connectByKubeconfig, type Connection } from './kube/connection';
import { stringAt, type Json, type JsonObject } from './kube/json';
import { webhookConfigurations } from './webhook/configuration';

export interface InstallOptions {
  /** Kubeconfig file of the control plane's API server, as an administrator. */
  readonly kubeconfig: string;
  /** `host:port` under which that API server reaches the webhook; no webhook when left out. */
  readonly webhookAddress?: string | undefined;
  /** Folder whose ca.crt the webhook's certificate is checked against. */
  readonly certDir?: string | undefined;
}

const ESTABLISH_TRIES = 150;
const ESTABLISH_WAIT_MS = 100;

/**
 * Puts everything a Karmada API server needs onto a bare one: namespaces, CRDs, webhook configurations. A second call changes nothing.
 * @throws ApiError, Error when certDir has no ca.crt or a CRD is not established within 15 s
 */
export async function installKarmada(options: InstallOptions): Promise<void> {
  const connection = connectByKubeconfig(options.kubeconfig);
  try {
    for (const name of ['karmada-system', 'karmada-cluster']) {
      await apply(connection, '/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      });
    }
    const crds = [clusterCrd(), propagationPolicyCrd(), overridePolicyCrd(), resourceBindingCrd(), workCrd()];
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    for (const crd of crds) await apply(connection, path, crd);
    for (const crd of crds) await waitEstablished(connection, `${path}/${nameOf(crd)}`);
    if (options.webhookAddress === undefined || options.certDir === undefined) return;
    const bundle = readFileSync(join(options.certDir, 'ca.crt')).toString('base64');
    for (const configuration of webhookConfigurations(`https://${options.webhookAddress}`, bundle)) {
      const plural = `${(stringAt(configuration, 'kind') ?? '').toLowerCase()}s`;
      await apply(connection, `/apis/admissionregistration.k8s.io/v1/${plural}`, configuration);
    }
  } finally {
    connection.close();
  }
}

const nameOf = (object: Json): string => stringAt(object, 'metadata', 'name') ?? '';

/** Server-side apply by force: whoever installs owns these objects. @throws ApiError */
export function apply(connection: Connection, collection: string, body: JsonObject): Promise<JsonObject> {
  return connection.call('PATCH', `${collection}/${nameOf(body)}?fieldManager=karmada-install&force=true`, {
    contentType: APPLY_PATCH,
    body,
  });
}

async function waitEstablished(connection: Connection, path: string): Promise<void> {
  for (let attempt = 0; attempt < ESTABLISH_TRIES; attempt += 1) {
    if (isConditionTrue(await connection.call('GET', path), 'Established')) return;
    await new Promise((resolve) => setTimeout(resolve, ESTABLISH_WAIT_MS));
  }
  throw new Error(`${path} is not established after 15 s: read its status.conditions.`);
}
