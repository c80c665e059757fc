import { multiCloudMongoDBSchema } from '../../src/api/multicloudmongodb';
import { mongoDBSchema } from '../../src/api/mongodb';
import { KINDS } from '../../src/kube/object';
import type { Kube } from '../../src/kube/client';
import { describeGrant, readDeployedRights } from '../support/access-grants';
import { judgeAccess } from '../support/access-judge';
import { countRequests, describeRequest, type AccessRequest } from '../support/access-requests';
import { readAuditLogs } from '../support/audit-log';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { until } from '../support/until';
import { awaitSettled, listenAtRest, readsPerMinute } from './rest';
import { UNEXERCISED } from './unexercised';

const missing =
  missingEnvironment() ??
  (readEnvironment().auditLogs.size === 0
    ? 'the audit logs of these API servers are not to be read here'
    : undefined);
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`audit skipped: ${missing}`);

const NAMESPACE = 'rest';
const RESOURCES = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } };
const federated = { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: 'idle' };
const local = { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'alone' };

/** Reads a minute beyond which something is amiss: five times what was seen with one instance of each mode. */
const MOST_READS_PER_MINUTE = 5 * 60;

suite('an idle instance', () => {
  let environment: Environment;
  let member: Kube;

  async function create(): Promise<void> {
    for (const kube of [environment.karmada, member]) {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
      await kube.apply(KINDS.namespace, namespace, { fieldManager: 'e2e' });
    }
    const manifestOf = (kind: string, name: string, spec: object) => ({
      apiVersion: 'middleware.fedstate.io/v1alpha1',
      kind,
      metadata: { name, namespace: NAMESPACE },
      spec,
    });
    await environment.karmada.apply(
      KINDS.multiCloudMongoDB,
      manifestOf('MultiCloudMongoDB', federated.name, {
        replicaset: 3,
        imageSetting: { image: 'mongo:4.2' },
        resource: RESOURCES,
        export: { enable: true, resource: RESOURCES },
        storage: { storageSize: '256Mi', whenDeleted: 'Delete' },
      }),
      { fieldManager: 'e2e', force: true },
    );
    await member.apply(
      KINDS.mongoDB,
      manifestOf('MongoDB', local.name, {
        members: 1,
        // Replaced by the stack's configuration: what is said of it must not be repeated.
        image: 'mongo:3.6',
        resources: RESOURCES,
        persistence: { storage: '256Mi', whenDeleted: 'Delete' },
      }),
      { fieldManager: 'e2e', force: true },
    );
  }

  async function awaitHealth(): Promise<void> {
    await until('Health', 240, async () => {
      const { status } = (await environment.karmada.get(federated, multiCloudMongoDBSchema)) ?? {};
      return status?.state === 'Health' && status.operation === undefined
        ? { answer: true }
        : { reason: JSON.stringify(status?.operation ?? status?.state) };
    });
    await until('Running', 180, async () => {
      const { status } = (await member.get(local, mongoDBSchema)) ?? {};
      return status?.state === 'Running' ? { answer: true } : { reason: JSON.stringify(status ?? {}) };
    });
  }

  beforeAll(async () => {
    environment = readEnvironment();
    const [first] = environment.members.values();
    if (first === undefined) throw new Error('no member cluster');
    member = first;
    await create();
    await awaitHealth();
  }, 480_000);

  afterAll(async () => {
    await Promise.all([environment.karmada.delete(federated), member.delete(local)]);
    await until('gone', 180, async () => {
      const left = [
        await environment.karmada.get(federated, multiCloudMongoDBSchema),
        await member.get(local, mongoDBSchema),
      ];
      return left.every((one) => one === undefined) ? { answer: true } : { reason: 'still there' };
    });
    closeEnvironment(environment);
  }, 240_000);

  it('causes no write on Karmada or in a member, and few reads', async () => {
    await awaitSettled(environment);
    const rest = await listenAtRest(environment);
    const rates = readsPerMinute(rest);
    process.stderr.write(
      `reads a minute at rest: ${[...rates].map(([who, rate]) => `${who} ${rate}`).join(', ')}\n`,
    );
    expect(countRequests(rest.writes)).toEqual([]);
    // Silence of the logs themselves would pass for silence of the roles.
    expect([...rates.keys()]).toContain('karmada fedstate-worker');
    expect([...rates].filter(([, rate]) => rate > MOST_READS_PER_MINUTE)).toEqual([]);
  }, 300_000);
});

suite('the whole run, by the audit logs', () => {
  const rights = readDeployedRights();
  let requests: AccessRequest[];

  const judge = () => judgeAccess(rights, requests, 'fedstate-system');
  const explain = (request: AccessRequest): string =>
    `${describeRequest(request)} at ${new Date(request.at).toISOString()}: ${request.code} ${request.reason}`;

  beforeAll(() => {
    const environment = readEnvironment();
    requests = readAuditLogs(environment);
    closeEnvironment(environment);
  });

  it('has every account of deploy/rbac at work', () => {
    for (const plane of ['karmada', 'member'] as const) {
      const seen = new Set(requests.filter((one) => one.plane === plane).map(({ user }) => user));
      expect([...seen]).toEqual(expect.arrayContaining([...rights[plane].accounts]));
    }
  });

  it('has no refusal', () => {
    expect(judge().refused.map(explain)).toEqual([]);
  });

  it('has no role under another name, and no other name among our accounts', () => {
    expect(judge().strangers.map((one) => `${explain(one)} by ${one.user} with ${one.agent}`)).toEqual([]);
  });

  it('has nothing that was allowed by a right from elsewhere', () => {
    expect(judge().beyond.map(explain)).toEqual([]);
  });

  // Only npm test knows that all of the end-to-end suite ran against these very API servers.
  const whole = process.env['FEDSTATE_E2E_WHOLE'] === '1';
  if (!whole && missing === undefined)
    console.warn('unused rights skipped: only npm test runs the whole end-to-end suite before');
  (whole ? it : it.skip)(
    'has used every right of deploy/rbac, but for those that are named with a reason',
    () => {
      const excused = new Set(UNEXERCISED.map(({ grant }) => grant));
      const unused = judge().unused.map(describeGrant);
      expect(unused.filter((grant) => !excused.has(grant))).toEqual([]);
      // An excuse that is no longer needed hides the next one.
      expect([...excused].filter((grant) => !unused.includes(grant))).toEqual([]);
    },
  );
});
