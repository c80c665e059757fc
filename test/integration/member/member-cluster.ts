import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { z } from 'zod';
import { mongoDBSchema, type MongoDB } from '../../../src/api/mongodb';
import { FedStateError } from '../../../src/domain/errors';
import type { MemberReport } from '../../../src/domain/replica-set';
import { kubeOf } from '../../../local/stack/kubeconfig';
import type { Kube } from '../../../src/kube/client';
import { KINDS, objectSchema, type Kind, type KubeObject } from '../../../src/kube/object';
import type { MemberConfig } from '../../../src/member/config';
import type { LocalSet } from '../../../src/member/local/local-set';
import { startLoop, type MemberLoop } from '../../../src/member/loop';
import { createMemberMetrics } from '../../../src/member/metrics';
import type { MemberQuestions } from '../../../src/member/replica-probe';
import { signInAs, STRICT_OWNERS } from '../../support/account';
import { BASIC_CONTROLLERS, startApiServer, type ApiServer } from '../../support/api-server';

export const NAMESPACE = 'shop';

export const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** A member cluster without nodes: real API server and controllers, and a hand that plays the kubelet. */
export interface MemberCluster {
  readonly server: ApiServer;
  /** The administrator; the manager comes as its own account, with the rights of deploy/rbac. */
  readonly kube: Kube;
  /** Events told, `Reason: note`, in order. */
  readonly told: string[];
  startManager(
    parts?: Partial<{ config: MemberConfig; questions: MemberQuestions; localSet: LocalSet }>,
  ): MemberLoop;
  applyMongoDB(name: string, spec: object, metadata?: object): Promise<void>;
  mongoDB(name: string): Promise<MongoDB | undefined>;
  find(kind: Kind, name: string): Promise<KubeObject | undefined>;
  names(kind: Kind): Promise<string[]>;
  /** Says of a pod what a kubelet would once its containers run and are ready. */
  runPod(name: string): Promise<void>;
  patchPodStatus(name: string, status: object): Promise<void>;
  stop(): Promise<void>;
}

export const CONFIG: MemberConfig = {
  fedstateImage: 'docker.io/fedstate/fedstate:dev',
  exporterImage: 'percona/mongodb_exporter:0.40',
  imageReplacements: [{ from: 'mongo:3.6', to: 'mongo:4.2' }],
  leaseNamespace: 'fedstate-system',
  identity: 'test',
};

/** Nobody answers: there is no mongod behind the pods of a cluster without nodes. */
export const SILENT: MemberQuestions = {
  report: () => Promise.reject(new FedStateError('Unreachable', 'no mongod here')),
  signIn: () => Promise.reject(new FedStateError('Unreachable', 'no mongod here')),
};

export const IDLE_SET: LocalSet = {
  keep: (_instance, _snapshot, { leaving }) =>
    Promise.resolve({
      waitingFor: undefined,
      refused: undefined,
      connectionString: undefined,
      removable: leaving,
      restarting: undefined,
    }),
};

export async function startMemberCluster(): Promise<MemberCluster> {
  const server = await startApiServer({
    name: 'member',
    controllers: `${BASIC_CONTROLLERS},statefulset-controller,persistentvolumeclaim-protection-controller`,
    flags: [STRICT_OWNERS],
    prepare: async (path) => {
      const installer = kubeOf(path);
      await installCrd(installer);
      installer.transport.close();
    },
  });
  const kube = kubeOf(server.kubeconfigPath);
  const own = await signInAs('fedstate-member', 'member', server.kubeconfigPath);
  const told: string[] = [];
  const loops: MemberLoop[] = [];
  await kube.apply(
    KINDS.namespace,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { fieldManager: 'test' },
  );

  const patchPodStatus: MemberCluster['patchPodStatus'] = async (name, status) => {
    await kube.mergePatch({ kind: KINDS.pod, namespace: NAMESPACE, name }, { status }, 'status');
  };

  return {
    server,
    kube,
    told,
    patchPodStatus,
    startManager(parts = {}) {
      const registry = new Registry();
      const loop = startLoop({
        kube: own,
        config: parts.config ?? CONFIG,
        logger: pino({ level: process.env['TEST_LOG'] ?? 'silent' }),
        metrics: createMemberMetrics(
          registry,
          () => 0,
          () => new Map(),
        ),
        tell: (_instance, _type, reason, _action, note) => told.push(`${reason}: ${note}`),
        questions: parts.questions ?? SILENT,
        watchRole: () => Promise.resolve(),
        makeLocalSet: () => parts.localSet ?? IDLE_SET,
        resyncSeconds: 60,
      });
      loops.push(loop);
      return loop;
    },
    async applyMongoDB(name, spec, metadata = {}) {
      await kube.apply(
        KINDS.mongoDB,
        {
          apiVersion: 'middleware.fedstate.io/v1alpha1',
          kind: 'MongoDB',
          metadata: { name, namespace: NAMESPACE, ...metadata },
          spec,
        },
        { fieldManager: 'test', force: true },
      );
    },
    mongoDB: (name) => kube.get({ kind: KINDS.mongoDB, namespace: NAMESPACE, name }, mongoDBSchema),
    find: (kind, name) => kube.get({ kind, namespace: NAMESPACE, name }, objectSchema),
    async names(kind) {
      const { items } = await kube.list(kind, { namespace: NAMESPACE }, objectSchema);
      return items.map(({ metadata }) => metadata.name).sort();
    },
    async runPod(name) {
      const status = (container: string) => ({
        name: container,
        image: 'x',
        imageID: 'x',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: new Date().toISOString() } },
      });
      await patchPodStatus(name, {
        phase: 'Running',
        podIP: '10.0.0.7',
        podIPs: [{ ip: '10.0.0.7' }],
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [status('mongo')],
      });
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      for (const one of [own, kube]) one.transport.close();
      await server.stop();
    },
  };
}

async function installCrd(kube: Kube): Promise<void> {
  const path = join(__dirname, '../../../deploy/crds/middleware.fedstate.io_mongodbs.yaml');
  const crd = manifestSchema.parse(parse(readFileSync(path, 'utf8')));
  await kube.apply(KINDS.customResourceDefinition, crd, { fieldManager: 'test', force: true });
  await eventually(async () => {
    expect(await kube.serves(KINDS.mongoDB)).toBe(true);
  });
}

/** Asks again until nothing is thrown. @throws what the last try threw */
export async function eventually<T>(check: () => Promise<T>, timeoutMs = 15_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A report of a member that is alone in its set. */
export function reportOf(host: string, stateName: MemberReport['stateName'] = 'PRIMARY'): MemberReport {
  return {
    host,
    version: '4.2.24',
    membership: 'member',
    stateName,
    setName: 'replset-0',
    primaryHost: host,
    views: [
      {
        _id: 0,
        host,
        health: 1,
        state: stateName === 'PRIMARY' ? 1 : 2,
        stateName,
        syncSourceHost: '',
        uptimeSeconds: 10,
        self: true,
      },
    ],
  };
}
