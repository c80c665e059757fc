import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { auditFlags, auditLogOf } from '../../../local/stack/audit';
import { createKube, type Kube } from '../../../src/kube/client';
import { KINDS, objectSchema } from '../../../src/kube/object';
import { watchObjects } from '../../../src/kube/watch';
import { signInAs } from '../../support/account';
import { describeGrant, readDeployedRights } from '../../support/access-grants';
import { judgeAccess, type AccessVerdict } from '../../support/access-judge';
import { describeRequest, type AccessRequest } from '../../support/access-requests';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { readAuditLogs } from '../../support/audit-log';
import { skipReason } from '../../support/programs';

const reason = skipReason(['etcd', 'kube-apiserver']);

/** What our programs and tests do with the logs of the local stack, on one API server with its policy and flags. */
(reason === undefined ? describe : describe.skip)(`audit logs of a real API server ${reason ?? ''}`, () => {
  const auditFolder = mkdtempSync(join(tmpdir(), 'fedstate-audit-'));
  let server: ApiServer;
  let member: Kube;
  let requests: AccessRequest[];
  let verdict: AccessVerdict;
  let unused: string[];

  const as = (userAgent?: string): Kube => {
    const admin = new KubeConfig();
    admin.loadFromFile(server.kubeconfigPath);
    return createKube(admin, { userAgent });
  };
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default' },
  });

  beforeAll(async () => {
    server = await startApiServer({ name: 'audit', flags: auditFlags({ auditFolder }, { name: 'east' }) });
    const [admin, impostor] = [as(), as('fedstate-worker')];
    member = await signInAs('fedstate-member', 'member', server.kubeconfigPath, 'fedstate-member');
    const borrower = await signInAs('fedstate-worker', 'member', server.kubeconfigPath, 'curl');
    await member.apply(KINDS.configMap, configMap('made'), { fieldManager: 'test' });
    await member
      .apply(KINDS.statefulSet, statefulSet('never'), { fieldManager: 'test' })
      .catch(() => undefined);
    await member.get({ kind: KINDS.secret, namespace: 'default', name: 'none' }, objectSchema);
    await member.serves(KINDS.serviceMonitor);
    await member.delete({ kind: KINDS.secret, namespace: 'default', name: 'none' }).catch(() => undefined);
    const watch = watchObjects(member, KINDS.pod, objectSchema, { onChange: () => undefined });
    await watch.synced;
    await new Promise((resolve) => setTimeout(resolve, 500));
    await watch.stop();
    await admin.list(KINDS.mongoDB, {}, objectSchema).catch(() => undefined);
    await admin.list(KINDS.secret, {}, objectSchema);
    await impostor.list(KINDS.mongoDB, {}, objectSchema).catch(() => undefined);
    await borrower.list(KINDS.node, {}, objectSchema);
    for (const kube of [admin, impostor, borrower, member]) kube.transport.close();
    requests = readAuditLogs({
      auditLogs: new Map([['east', auditLogOf({ auditFolder }, { name: 'east' })]]),
    });
    verdict = judgeAccess(readDeployedRights(), requests, 'fedstate-system');
    unused = verdict.unused.map(describeGrant);
  }, 120_000);

  afterAll(async () => {
    await server.stop();
    rmSync(auditFolder, { recursive: true, force: true });
  });

  test('have every request of our accounts once, a watch included, and no secret of others', () => {
    const lines = requests.map(describeRequest);
    expect(lines.filter((line) => line === 'east fedstate-member: watch pods')).toHaveLength(1);
    expect(lines).toContain('east fedstate-member: patch configmaps made in default');
    expect(lines).toContain('east fedstate-member: get /apis/monitoring.coreos.com/v1');
    expect(lines.filter((line) => line.startsWith('east admin: list secrets'))).toEqual([]);
  });

  test('tell what was refused, and why', () => {
    expect(verdict.refused.map(describeRequest)).toEqual([
      'east fedstate-member: delete secrets none in default',
    ]);
    expect(verdict.refused[0]?.reason).toContain('cannot delete resource "secrets"');
  });

  test('tell who came under another name', () => {
    expect(verdict.strangers.map((one) => `${describeRequest(one)} by ${one.agent}`)).toEqual([
      'east admin: list mongodbs.middleware.fedstate.io by fedstate-worker',
      'east fedstate-worker: list nodes by curl',
    ]);
  });

  test('tell what was used: apply uses create where it made something, and a try that failed uses nothing more', () => {
    for (const grant of ['create configmaps', 'patch configmaps', 'get secrets', 'list pods', 'watch pods'])
      expect(unused).not.toContain(`member fedstate-member: ${grant}`);
    for (const grant of ['delete configmaps', 'create statefulsets.apps', 'patch secrets'])
      expect(unused).toContain(`member fedstate-member: ${grant}`);
    expect(verdict.beyond.map(describeRequest)).toEqual([]);
  });
});

/** Refused as invalid: authorized, and nothing made. */
const statefulSet = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace: 'default' },
  spec: {},
});
