import type { MemberReport } from '../../../src/domain/replica-set';
import { claimName, memberName, podName, type Ordinal } from '../../../src/domain/names';
import type { Snapshot } from '../../../src/member/cluster-cache';
import { memberLabels, type Instance } from '../../../src/member/instance';
import {
  claimSchema,
  podSchema,
  serviceSchema,
  statefulSetSchema,
  type Pod,
  type StatefulSet,
} from '../../../src/member/objects';

const HASH = 'middleware.fedstate.io/template-hash';

function metadataOf(instance: Instance, name: string, ordinal: Ordinal, more: object = {}): object {
  return {
    name,
    namespace: instance.namespace,
    uid: `uid-of-${name}`,
    resourceVersion: '1',
    labels: memberLabels(instance, ordinal),
    ownerReferences: [instance.owner],
    ...more,
  };
}

export function sampleStatefulSet(
  instance: Instance,
  ordinal: Ordinal,
  options: { hash?: string; started?: boolean } = {},
): StatefulSet {
  const annotations = {
    [HASH]: options.hash ?? 'h1',
    ...(options.started === true ? { 'middleware.fedstate.io/member-started': 'true' } : {}),
  };
  return statefulSetSchema.parse({
    metadata: metadataOf(instance, memberName(instance.name, ordinal), ordinal, { annotations }),
    spec: { replicas: 1, template: { metadata: {} } },
  });
}

export function samplePod(
  instance: Instance,
  ordinal: Ordinal,
  options: { ready?: boolean; hash?: string; status?: object } = {},
): Pod {
  const ready = options.ready ?? true;
  return podSchema.parse({
    metadata: metadataOf(instance, podName(instance.name, ordinal), ordinal, {
      annotations: { [HASH]: options.hash ?? 'h1' },
    }),
    spec: { nodeName: 'node-1', containers: [{ name: 'mongo', image: 'mongo:4.2' }] },
    status: options.status ?? {
      phase: 'Running',
      podIP: '10.0.0.7',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'mongo', ready, restartCount: 0, state: { running: {} } }],
    },
  });
}

export function sampleSnapshot(
  instance: Instance,
  ordinals: readonly Ordinal[],
  over: { pods?: ReadonlyMap<Ordinal, Pod> } = {},
): Snapshot {
  const all = <T>(make: (ordinal: Ordinal) => T): Map<Ordinal, T> =>
    new Map(ordinals.map((ordinal) => [ordinal, make(ordinal)]));
  return {
    statefulSets: all((ordinal) => sampleStatefulSet(instance, ordinal)),
    pods: over.pods ?? all((ordinal) => samplePod(instance, ordinal)),
    claims: all((ordinal) => [
      claimSchema.parse({
        metadata: metadataOf(instance, claimName(instance.name, instance.instanceUid, ordinal), ordinal),
        spec: {},
      }),
    ]),
    services: all((ordinal) =>
      serviceSchema.parse({
        metadata: metadataOf(instance, memberName(instance.name, ordinal), ordinal),
        spec: {
          ports: [{ name: 'mongo', port: 27017, nodePort: 31000 + (ordinal === 'arbiter' ? 99 : ordinal) }],
        },
      }),
    ),
    configMaps: [],
  };
}

export function sampleReport(
  host: string,
  stateName: MemberReport['stateName'],
  members: readonly (readonly [host: string, stateName: MemberReport['stateName']])[],
): MemberReport {
  const state = { PRIMARY: 1, SECONDARY: 2, ARBITER: 7 } as const;
  return {
    host,
    version: '4.2.24',
    membership: 'member',
    stateName,
    views: members.map(([name, word], index) => ({
      _id: index,
      host: name,
      health: word === 'DOWN' ? 0 : 1,
      state: word === 'PRIMARY' || word === 'SECONDARY' || word === 'ARBITER' ? state[word] : 8,
      stateName: word,
      syncSourceHost: word === 'SECONDARY' ? 'p:1' : '',
      uptimeSeconds: 5,
      self: name === host,
    })),
  };
}
