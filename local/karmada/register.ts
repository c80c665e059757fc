import { apply } from './install';
import {
  connectByKubeconfig,
  createConnection,
  isTaken,
  type Connection,
  type ConnectionTarget,
} from './kube/connection';
import { stringAt, type JsonObject } from './kube/json';
import { readTarget } from './kube/kubeconfig';

export interface RegisterOptions {
  /** Kubeconfig file of the control plane. */
  readonly karmada: string;
  readonly name: string;
  /** Kubeconfig file of the member, as an administrator. */
  readonly member: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
  /**
   * Bearer token of the member that the control plane shall use. Left out: the kubeconfig's own token, else one of a new
   * ServiceAccount `karmada-cluster/karmada-<name>` bound to cluster-admin there.
   */
  readonly token?: string | undefined;
}

const TOKEN_TRIES = 100;
const TOKEN_WAIT_MS = 200;
const SYSTEM_NAMESPACE = 'karmada-cluster';

/**
 * Registers a member in push mode: Secret and Cluster on the control plane. A second call changes nothing.
 * @throws ApiError, Error when the member makes no token within 20 s
 */
export async function registerCluster(options: RegisterOptions): Promise<void> {
  const { name } = options;
  const target = readTarget(options.member);
  const member = createConnection(target);
  const karmada = connectByKubeconfig(options.karmada);
  try {
    const token = options.token ?? target.token ?? (await makeToken(member, name));
    const id = stringAt(await member.call('GET', '/api/v1/namespaces/kube-system'), 'metadata', 'uid') ?? '';
    const secret = (secretName: string, data: JsonObject): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName, namespace: SYSTEM_NAMESPACE },
      data,
    });
    const secrets = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`;
    const encoded = { token: encode(token) };
    await apply(karmada, secrets, secret(name, { ...encoded, caBundle: encode(caOf(target)) }));
    await apply(karmada, secrets, secret(`${name}-impersonator`, encoded));
    await apply(karmada, '/apis/cluster.karmada.io/v1alpha1/clusters', {
      apiVersion: 'cluster.karmada.io/v1alpha1',
      kind: 'Cluster',
      metadata: { name, labels: { ...options.labels } },
      spec: {
        apiEndpoint: target.server,
        id,
        syncMode: 'Push',
        secretRef: { namespace: SYSTEM_NAMESPACE, name },
        impersonatorSecretRef: { namespace: SYSTEM_NAMESPACE, name: `${name}-impersonator` },
        ...(target.skipVerify === true ? { insecureSkipTLSVerification: true } : {}),
        ...(options.region === undefined ? {} : { region: options.region }),
        ...(options.zone === undefined ? {} : { zone: options.zone, zones: [options.zone] }),
      },
    });
  } finally {
    member.close();
    karmada.close();
  }
}

const encode = (value: string): string => Buffer.from(value).toString('base64');
const caOf = (target: ConnectionTarget): string => target.ca?.toString() ?? '';

async function makeToken(member: Connection, name: string): Promise<string> {
  const account = `karmada-${name}`;
  const metadata = { name: account, namespace: SYSTEM_NAMESPACE };
  const make = async (path: string, body: JsonObject): Promise<void> => {
    try {
      await member.call('POST', path, { body });
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  };
  await make('/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: SYSTEM_NAMESPACE },
  });
  const base = `/api/v1/namespaces/${SYSTEM_NAMESPACE}`;
  await make(`${base}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await make('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `karmada-controller-manager:${account}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: SYSTEM_NAMESPACE }],
  });
  await make(`${base}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata, annotations: { 'kubernetes.io/service-account.name': account } },
    type: 'kubernetes.io/service-account-token',
  });
  for (let attempt = 0; attempt < TOKEN_TRIES; attempt += 1) {
    const made = stringAt(await member.call('GET', `${base}/secrets/${account}`), 'data', 'token');
    if (made !== undefined) return Buffer.from(made, 'base64').toString('utf8');
    await new Promise((resolve) => setTimeout(resolve, TOKEN_WAIT_MS));
  }
  throw new Error(
    `${name}: no token appeared in Secret ${SYSTEM_NAMESPACE}/${account} of the member within 20 s: is its kube-controller-manager running?`,
  );
}
