import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { writablePrimary } from '../domain/health';
import { ANNOTATIONS } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { SurroundingStepFacts } from '../domain/plan';
import { readBinding, reportsOf } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { formatKeys } from '../mongodb/keyfile';
import { ensureSystemUsers } from '../mongodb/users';
import {
  credentialsRevisionOf,
  editAuthSecret,
  PASSWORD_KEYS,
  PENDING_KEYS,
  phaseOf,
  randomKey,
  randomPassword,
  readAuthSecret,
  type AuthSecret,
} from './auth-secret';
import { publishConnection } from './connection';
import { annotateInstance, type ActivityContext } from './context';
import { knownHosts, readLayout } from './layout';
import { observeSet } from './observed-set';
import { resolveReferences } from './references';
import { observeInstance } from './replica-set';
import { duePasswords, holdsPresentKeys, listUntaken, wantsKey } from './rotation-facts';

const POLL_MS = 500;
const PATIENCE_MS = 120_000;

type RotationStep = Extract<
  SurroundingStepFacts,
  { kind: 'rotatePasswords' | 'shareCredentials' | 'writeKeyfile' | 'retireKey' }
>;

/** One step of a change of passwords or keyfile (S23). Each leaves keys and progress together in Secret `N-auth`. */
export async function carryOutRotation(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  step: RotationStep,
): Promise<StageResult<string>> {
  switch (step.kind) {
    case 'rotatePasswords':
      return rotatePasswords(context, cr);
    case 'shareCredentials':
      return shareCredentials(context, cr);
    case 'writeKeyfile':
      return writeKeyfile(context, cr, step.keys);
    case 'retireKey':
      return retireKey(context, cr);
  }
}

/**
 * The new passwords are stored before any is set, and current only once all are: whoever goes on after a crash finds both
 * and sets the same again.
 */
async function rotatePasswords(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<string>> {
  const resolved = await resolveReferences(context, cr);
  if (!resolved.ok) return waitFor(resolved.wait);
  const given = resolved.references.rootPassword;
  const due = duePasswords(cr, await readAuthSecret(context, cr), given);
  const pending = await storePending(context, cr, given);
  const users = (['root', 'clusterAdmin', 'clusterMonitor'] as const).filter(
    (user) => pending.pending[user] !== undefined,
  );
  if (users.length > 0) {
    const layout = await readLayout(context, cr);
    if (!layout.done) return layout;
    const observation = await observeInstance(context, cr, knownHosts(cr, layout.value));
    const primary = writablePrimary(observation.reports);
    if (primary === undefined)
      return waitFor({
        code: 'ReplicaSet',
        message: 'No primary that a majority follows: no password is set.',
      });
    heartbeat('passwords');
    const next = { ...pending.passwords, ...pending.pending };
    await ensureSystemUsers(primary.host, pending.keys[0], next);
    await promotePending(context, cr, pending);
  }
  const published = await publishConnection(context, cr);
  if (!published.done) return published;
  await annotateInstance(context, cr, { [ANNOTATIONS.credentialsRotatedAt]: context.now().toISOString() });
  return done(`${due.join(', ')} have new passwords`);
}

async function storePending(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  givenRoot: string | undefined,
): Promise<AuthSecret> {
  const auth = await readAuthSecret(context, cr);
  const request = cr.metadata.annotations[ANNOTATIONS.rotate];
  const values = duePasswords(cr, auth, givenRoot).flatMap((user): [string, string][] => {
    const wanted = user === 'root' ? givenRoot : undefined;
    const present = auth.pending[user];
    if (present !== undefined && (wanted === undefined || wanted === present)) return [];
    return [[PENDING_KEYS[user], wanted ?? randomPassword()]];
  });
  if (values.length === 0) return auth;
  await editAuthSecret(context, cr, auth, {
    ...Object.fromEntries(values),
    ...(request === undefined ? {} : { passwordsFor: request }),
  });
  return readAuthSecret(context, cr);
}

async function promotePending(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  auth: AuthSecret,
): Promise<void> {
  const users = (['root', 'clusterAdmin', 'clusterMonitor'] as const).flatMap((user) => {
    const password = auth.pending[user];
    return password === undefined ? [] : [{ user, password }];
  });
  const monitor = users.some(({ user }) => user === 'clusterMonitor');
  await editAuthSecret(context, cr, auth, {
    ...Object.fromEntries(users.map(({ user, password }) => [PASSWORD_KEYS[user], password])),
    ...Object.fromEntries(users.map(({ user }) => [PENDING_KEYS[user], null])),
    ...(monitor ? { monitorRevision: String(Number(auth.monitorRevision ?? '0') + 1) } : {}),
  });
}

/** Done once every cluster's manager has the Secret as it is now: from then on its reports tell who must restart. */
async function shareCredentials(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<string>> {
  const revision = credentialsRevisionOf(await readAuthSecret(context, cr));
  const layout = await readLayout(context, cr);
  if (!layout.done) return layout;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
    const late = listUntaken(revision, layout.value, reportsOf(binding));
    if (late.length === 0) return done(`revision ${revision ?? 'unchanged'} is everywhere`);
    const lacking = `${late.join(', ')}: the member manager has not taken up the credentials of revision ${revision ?? ''}`;
    heartbeat(lacking);
    if (Date.now() > deadline) return waitFor({ code: 'MembersNotReady', message: lacking });
    await sleep(POLL_MS);
  }
}

async function writeKeyfile(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  keys: 'old' | 'both' | 'new',
): Promise<StageResult<string>> {
  const auth = await readAuthSecret(context, cr);
  const phase = phaseOf(auth);
  const [first, second] = auth.keys;
  const generation = Number(auth.keyfileRevision?.split('+')[0] ?? '0');
  const request = cr.metadata.annotations[ANNOTATIONS.rotate];
  switch (keys) {
    case 'both': {
      if (phase === 'both') return done('it holds both already');
      if (phase === 'new' || !wantsKey(cr, auth)) throw outdated('no new key is asked for');
      await editAuthSecret(context, cr, auth, {
        keyfile: formatKeys([first, randomKey()]),
        keyfileRevision: `${generation}+${generation + 1}`,
        keyfileFor: request,
        formerKeyfileFor: auth.keyfileFor,
      });
      return done('both keys are in the keyfile');
    }
    case 'new': {
      if (phase === 'new') return done('it holds the new key alone already');
      if (second === undefined || !wantsKey(cr, auth)) throw outdated('no new key is in the keyfile');
      const unproved = await proveKeys(context, cr, auth);
      if (unproved !== undefined) return unproved;
      await editAuthSecret(context, cr, auth, {
        keyfile: second,
        keyfileRevision: String(generation + 1),
        formerKey: first,
      });
      return done('the new key is alone in the keyfile');
    }
    case 'old': {
      if (phase === 'one') return done('it holds the old key alone already');
      if (second === undefined || wantsKey(cr, auth)) throw outdated('there is nothing to take back');
      await editAuthSecret(context, cr, auth, {
        keyfile: first,
        keyfileRevision: generation === 0 ? null : String(generation),
        keyfileFor: auth.formerKeyfileFor,
        formerKeyfileFor: null,
      });
      return done('the old key is alone in the keyfile again');
    }
  }
}

async function retireKey(context: ActivityContext, cr: MultiCloudMongoDB): Promise<StageResult<string>> {
  const auth = await readAuthSecret(context, cr);
  if (auth.keys.length === 1 && auth.formerKey !== undefined) {
    const unproved = await proveKeys(context, cr, auth);
    if (unproved !== undefined) return unproved;
    await editAuthSecret(context, cr, auth, { formerKey: null, formerKeyfileFor: null });
  }
  await annotateInstance(context, cr, { [ANNOTATIONS.credentialsRotatedAt]: context.now().toISOString() });
  return done('every member refuses the old key, which is forgotten');
}

/**
 * Undefined once every member of the configuration holds what the keyfile holds.
 * @throws Superseded when one was started with something else: it is restarted first
 */
async function proveKeys(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  auth: AuthSecret,
): Promise<StageResult<string> | undefined> {
  const set = await observeSet(context, cr);
  if (set === undefined)
    return waitFor({
      code: 'ReplicaSet',
      message: 'No primary that a majority follows: no key is taken away.',
    });
  for (const { host } of set.config.members) {
    heartbeat(host);
    const holds = await holdsPresentKeys(host, auth);
    if (holds === undefined)
      return waitFor({
        code: 'MembersUnreachable',
        message: `${host} does not answer: no key is taken away before it is known which it takes (S23).`,
      });
    if (!holds) throw outdated(`${host} runs with another keyfile than it should`);
  }
  return undefined;
}

const outdated = (why: string): FedStateError =>
  new FedStateError('Superseded', `The keyfile is not as planned: ${why}.`);
