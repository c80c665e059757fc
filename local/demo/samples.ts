import { stringify } from 'yaml';
import type { Kubectl } from '../install/kubectl';

/** Namespace of the published walkthrough. */
export const SAMPLE_NAMESPACE = 'federation-mongo-operator';

const MONGOD_YAML = `storage:
  wiredTiger:
    engineConfig:
      cacheSizeGB: 0.25
net:
  maxIncomingConnections: 10240
operationProfiling:
  slowOpThresholdMs: 1000
`;

/** What the samples name and an application's owner would have made: namespace, ConfigMap, pull Secret. */
export async function prepareSamples(kubectl: Kubectl): Promise<void> {
  const namespaced = (kind: string, name: string, rest: object): object => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: SAMPLE_NAMESPACE },
    ...rest,
  });
  const auths = { 'registry.example.com': { auth: Buffer.from('demo:demo').toString('base64') } };
  const documents = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SAMPLE_NAMESPACE } },
    namespaced('ConfigMap', 'my-custome-configmap', { data: { 'mongod.yaml': MONGOD_YAML } }),
    namespaced('Secret', 'my-image-secret', {
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
    }),
  ];
  await kubectl.applyText(documents.map((document) => stringify(document)).join('---\n'));
}
