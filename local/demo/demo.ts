import { join } from 'node:path';
import { z } from 'zod';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import type { Kube } from '../../src/kube/client';
import { KINDS, metadataSchema } from '../../src/kube/object';
import { createKubectl } from '../install/kubectl';
import { kubeOf } from '../stack/kubeconfig';
import { StackError } from '../stack/stack-error';
import { proveWrites } from './proof';
import { prepareSamples, SAMPLE_NAMESPACE } from './samples';

export interface DemoFacts {
  readonly kubectl: string;
  readonly home: string;
  readonly karmadaKubeconfig: string;
  readonly temporalUi: string;
  readonly sample: 'walkthrough' | 'full';
  readonly tell: (line: string) => void;
}

const NAME = 'multicloudmongodb-sample';
const PATIENCE_MS = 300_000;
const POLL_MS = 500;

/** Applies a sample and follows it to Health, telling each step and each wait once; then prints where everything is. */
export async function runDemo(facts: DemoFacts): Promise<void> {
  const kubectl = createKubectl(facts.kubectl, facts.karmadaKubeconfig);
  const karmada = kubeOf(facts.karmadaKubeconfig);
  await prepareSamples(kubectl);
  const file = join(facts.home, 'deploy', 'samples', `multicloudmongodb-${facts.sample}.yaml`);
  await kubectl.run(['apply', '-n', SAMPLE_NAMESPACE, '-f', file]);
  facts.tell(`applied ${facts.sample} sample as ${SAMPLE_NAMESPACE}/${NAME}`);
  const cr = await followToHealth(karmada, facts.tell);
  const uri = await readConnectionString(karmada);
  await proveWrites(uri, facts.tell);
  printResult(facts, cr, uri);
  karmada.transport.close();
}

async function followToHealth(karmada: Kube, tell: DemoFacts['tell']): Promise<MultiCloudMongoDB> {
  const deadline = Date.now() + PATIENCE_MS;
  let told = '';
  for (;;) {
    const ref = { kind: KINDS.multiCloudMongoDB, namespace: SAMPLE_NAMESPACE, name: NAME };
    const cr = await karmada.get(ref, multiCloudMongoDBSchema);
    const { state, operation } = cr?.status ?? {};
    if (cr !== undefined && state === 'Health' && operation === undefined) return cr;
    const news =
      operation === undefined
        ? 'waiting for the controller'
        : `${operation.step ?? ''}${operation.waitingFor === undefined ? '' : `: ${operation.waitingFor}`}`;
    if (news !== told) tell(news);
    told = news;
    if (Date.now() > deadline) {
      throw new StackError(
        `Not healthy within ${PATIENCE_MS / 1000} s; last: ${news}. See npm run local -- logs worker.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function readConnectionString(karmada: Kube): Promise<string> {
  const schema = z.looseObject({
    metadata: metadataSchema,
    data: z.record(z.string(), z.string()).default({}),
  });
  const ref = { kind: KINDS.secret, namespace: SAMPLE_NAMESPACE, name: `${NAME}-connection` };
  const encoded = (await karmada.get(ref, schema))?.data['connectionString'];
  if (encoded === undefined)
    throw new StackError(`Secret ${SAMPLE_NAMESPACE}/${NAME}-connection has no connectionString.`);
  return Buffer.from(encoded, 'base64').toString('utf8');
}

function printResult(facts: DemoFacts, cr: MultiCloudMongoDB, uri: string): void {
  const members = (cr.status?.members ?? []).map(
    (member) =>
      `  ${member.cluster}/${member.ordinal}  ${member.host ?? ''}  ${member.role}  ${member.version ?? ''}`,
  );
  const id = encodeURIComponent(`mongo/${SAMPLE_NAMESPACE}/${NAME}/${cr.metadata.uid}`);
  process.stdout.write(
    [
      '',
      `${cr.status?.state ?? ''}: may lose ${cr.status?.margin ?? 0} members`,
      ...members,
      `connection string  ${uri}`,
      `kubeconfig         ${facts.karmadaKubeconfig}`,
      `Temporal UI        ${facts.temporalUi}/namespaces/default/workflows/${id}`,
      `look around        ${facts.kubectl} --kubeconfig ${facts.karmadaKubeconfig} get mcm -A`,
      '',
    ].join('\n'),
  );
}
