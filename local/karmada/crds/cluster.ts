import type { JsonObject } from '../kube/json';
import {
  amount,
  amounts,
  conditions,
  defineKind,
  fields,
  flag,
  list,
  oneOf,
  text,
  textMap,
  texts,
  time,
  whole,
} from './schema';

const MOST = '9223372036854775807';
const CPU = ['0', '1', '2', '4', '8', '16', '32', '64', '128', MOST];
const MEMORY = ['0', '4Gi', '16Gi', '32Gi', '64Gi', '128Gi', '256Gi', '512Gi', '1Ti', MOST];

const reference = (): JsonObject => fields({ namespace: text(), name: text() }, 'name', 'namespace');

/** Grades 0 to 8, as a real Karmada fills them in. */
const defaultModels = (): JsonObject[] =>
  CPU.slice(0, -1).map((cpu, grade) => ({
    grade,
    ranges: [
      { name: 'cpu', min: cpu, max: CPU[grade + 1] ?? MOST },
      { name: 'memory', min: MEMORY[grade] ?? '0', max: MEMORY[grade + 1] ?? MOST },
    ],
  }));

export const clusterCrd = (): JsonObject =>
  defineKind({
    group: 'cluster.karmada.io',
    version: 'v1alpha1',
    kind: 'Cluster',
    plural: 'clusters',
    shortName: 'cls',
    scope: 'Cluster',
    status: true,
    columns: [
      ['Version', '.status.kubernetesVersion'],
      ['Mode', '.spec.syncMode'],
      ['Ready', '.status.conditions[?(@.type=="Ready")].status'],
    ],
    required: ['spec'],
    properties: {
      spec: fields(
        {
          apiEndpoint: text(),
          id: text(),
          impersonatorSecretRef: reference(),
          insecureSkipTLSVerification: flag(),
          provider: text(),
          proxyHeader: textMap(),
          proxyURL: text(),
          region: text(),
          resourceModels: list(
            fields(
              {
                grade: whole(),
                ranges: list(fields({ name: text(), min: amount(), max: amount() }, 'max', 'min', 'name')),
              },
              'grade',
              'ranges',
            ),
            { default: defaultModels() },
          ),
          secretRef: reference(),
          syncMode: oneOf('Push', 'Pull'),
          taints: list(
            fields({ key: text(), value: text(), effect: text(), timeAdded: time() }, 'effect', 'key'),
          ),
          zone: text(),
          zones: texts(),
        },
        'syncMode',
      ),
      status: fields({
        apiEnablements: list(
          fields(
            { groupVersion: text(), resources: list(fields({ name: text(), kind: text() }, 'kind', 'name')) },
            'groupVersion',
          ),
        ),
        conditions: conditions(),
        kubernetesVersion: text(),
        nodeSummary: fields({
          totalNum: whole({ format: 'int32' }),
          readyNum: whole({ format: 'int32' }),
        }),
        remedyActions: texts(),
        resourceSummary: fields({
          allocatable: amounts(),
          allocated: amounts(),
          allocating: amounts(),
          allocatableModelings: list(fields({ grade: whole(), count: whole() }, 'count', 'grade')),
        }),
      }),
    },
  });
