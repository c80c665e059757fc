import { sortMembers, type MemberSet } from './membership-set';
import type { Ordinal } from '../domain/names';
import { addressesOf } from './addresses';
import { buildMembers, makeLocalInputs } from './build-members';
import type { Credentials } from './build/secret';
import type { Snapshot } from './cluster-cache';
import type { MemberContext } from './context';
import { addFinalizer, deleteInstance } from './delete-instance';
import { noFindings, SYSTEM_USERS, type Findings, type ReplicaFindings } from './findings';
import { gatherInputs, type Inputs, type ReadyInputs } from './inputs';
import { readInstance, type Instance } from './instance';
import { judgeImageChange } from './local/image-change';
import type { LocalDecision, LocalSet } from './local/local-set';
import { describeRefusal } from './refusal';
import { rehearseMember } from './rehearsal';
import { remnants, removeMembers } from './remove-members';
import { computeStatus } from './status';
import { writeStatus } from './status-writer';

/** Ms until the next look, by what this one found. */
const AGAIN = { working: 2_000, waiting: 5_000, deleting: 1_000 } as const;

/**
 * One pass over one MongoDB: read, decide, write what differs, report.
 * @returns ms until the next pass; undefined when the resync will do
 * @throws FedStateError when an API server or a write fails: the pass is made again
 */
export async function reconcileInstance(
  context: MemberContext,
  localSet: LocalSet,
  key: string,
): Promise<number | undefined> {
  const mongoDB = context.cache.instance(key);
  if (mongoDB === undefined) return undefined;
  const instance = readInstance(mongoDB);
  const snapshot = context.cache.snapshot(instance);
  if (instance.metadata.deletionTimestamp !== undefined) {
    const gone = await deleteInstance(context, instance, snapshot);
    if (gone) {
      context.writer.forget(instance);
      context.probe.forget(instance.uid);
    }
    return gone ? undefined : AGAIN.deleting;
  }
  await addFinalizer(context, instance);
  const present = [...snapshot.statefulSets.keys()];
  const members = sortMembers(instance.spec, present);
  const inputs = await gatherInputs(context.kube, context.config, instance);
  const credentials = inputs.outcome === 'ready' ? inputs.credentials : undefined;
  const replica =
    credentials === undefined ? undefined : await context.probe.ask(instance, snapshot, credentials);
  const findings = await actOn(context, localSet, instance, snapshot, { members, inputs, replica });
  const after = context.cache.snapshot(instance);
  const status = computeStatus(instance, after, findings, nowText(context));
  await writeStatus(context.kube, instance, status);
  tellFindings(context, instance, findings);
  // Told with every pass it would be a write a minute of an instance that is at rest.
  if (status.image !== instance.status?.image) tellReplacement(context, instance, findings);
  if (status.state === 'Running' && replica !== undefined && lacksUsers(replica)) return AGAIN.waiting;
  if (status.state === 'Running' || status.state === 'Pause') return undefined;
  return findings.notReady === undefined ? AGAIN.working : AGAIN.waiting;
}

/** A set that was initiated a moment ago gets its users next, and nothing in this cluster tells when. */
const lacksUsers = ({ users }: ReplicaFindings): boolean =>
  Object.keys(users).length > 0 && SYSTEM_USERS.some((user) => users[user] !== true);

interface Observed {
  readonly members: MemberSet;
  readonly inputs: Inputs;
  readonly replica: ReplicaFindings | undefined;
}

async function actOn(
  context: MemberContext,
  localSet: LocalSet,
  instance: Instance,
  snapshot: Snapshot,
  { members, inputs, replica }: Observed,
): Promise<Findings> {
  const { spec } = instance;
  const bare: Findings = {
    ...noFindings(members),
    replica,
    addresses: addressesOf(instance, snapshot, members.wanted, context.config),
  };
  if (members.held || spec.pause === true) return bare;
  if (spec.control === 'Federated') {
    const mayGo = (ordinal: Ordinal): boolean => spec.retired?.includes(ordinal) === true;
    await removeMembers(context, instance, snapshot, remnants(instance, snapshot, members.wanted, mayGo));
  }
  if (inputs.outcome !== 'ready') return { ...bare, notReady: inputs };
  const refused = await rehearseMember(context, instance, snapshot, { wanted: members.wanted, inputs });
  if (refused !== undefined) return { ...bare, notReady: refused };
  const seen = {
    ...bare,
    image: { image: inputs.image, replaced: inputs.replaced },
    ignoredConfig: inputs.ignored,
    customConfigRevision: inputs.customConfigRevision,
    credentialsRevision: describeRevisions(inputs.revisions),
  };
  if (spec.control === 'Federated') {
    if (inputs.credentials === undefined) return seen;
    const built = await buildMembers(context, instance, snapshot, {
      wanted: members.wanted,
      allowed: spec.rollout ?? [],
      inputs,
      credentials: inputs.credentials,
    });
    return { ...seen, ...built };
  }
  return actLocally(context, localSet, instance, snapshot, { seen, members, inputs });
}

async function actLocally(
  context: MemberContext,
  localSet: LocalSet,
  instance: Instance,
  snapshot: Snapshot,
  state: { readonly seen: Findings; readonly members: MemberSet; readonly inputs: ReadyInputs },
): Promise<Findings> {
  const { seen, inputs } = state;
  await makeLocalInputs(context, instance, inputs);
  const credentials = inputs.credentials;
  if (credentials === undefined) return { ...seen, waits: ['credentials were made just now'] };
  const change = judgeImageChange(inputs.image, state.members.wanted, snapshot, seen.replica);
  if (change.kind === 'refused')
    return { ...seen, membership: { ...NOTHING_KNOWN, waitingFor: undefined, refused: change.message } };
  const present = state.members.wanted.filter((ordinal) => snapshot.statefulSets.has(ordinal));
  const wanted = change.kind === 'changing' ? present : state.members.wanted;
  const leaving = remnants(instance, snapshot, state.members.wanted, () => true);
  // Here the manager itself takes members out of the set, so that nothing is stray.
  const members: MemberSet = { ...state.members, stray: [], retired: leaving };
  const request = { wanted, inputs, credentials };
  const built = await buildMembers(context, instance, snapshot, { ...request, allowed: [] });
  const decision = await localSet.keep(instance, snapshot, {
    wanted,
    leaving,
    credentials,
    pendingTemplates: built.pendingTemplates,
    onPlan: async (steps) => {
      const membership = { ...NOTHING_KNOWN, waitingFor: `The replica set is being changed: ${steps}.` };
      const interim = { ...seen, ...built, members, membership };
      const now = nowText(context);
      await writeStatus(context.kube, instance, computeStatus(instance, snapshot, interim, now));
    },
    usersReady: SYSTEM_USERS.every((user) => seen.replica?.users[user] === true),
  });
  const { restarting } = decision;
  if (restarting !== undefined && built.pendingTemplates.includes(restarting))
    await restartMember(context, instance, snapshot, request, restarting);
  const left = await removeMembers(
    context,
    instance,
    snapshot,
    leaving.filter((ordinal) => decision.removable.includes(ordinal)),
  );
  return {
    ...seen,
    ...built,
    members,
    notes: [...built.notes, ...passwordNotes(instance, credentials)],
    waits: [...built.waits, ...left.map((what) => `${what} is being removed`)],
    membership: decision satisfies LocalDecision,
  };
}

const describeRevisions = ({ keyfile, monitor }: ReadyInputs['revisions']): string | undefined =>
  keyfile === undefined && monitor === undefined ? undefined : `${keyfile ?? '0'}/${monitor ?? '0'}`;

const NOTHING_KNOWN = { refused: undefined, connectionString: undefined };

/** Writes the new template to one member and takes its pod away: it comes back changed. */
async function restartMember(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
  request: Omit<Parameters<typeof buildMembers>[3], 'allowed'>,
  ordinal: Ordinal,
): Promise<void> {
  await buildMembers(context, instance, snapshot, { ...request, allowed: [ordinal] });
  const pod = snapshot.pods.get(ordinal);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
  await context.deletePod(instance, pod.metadata.name, pod.metadata.uid);
  context.tell(instance, 'Normal', 'MemberRestarted', 'Restart', `${pod.metadata.name} for its new template`);
}

function passwordNotes(
  { spec, name }: Instance,
  credentials: Credentials,
): { type: string; message: string }[] {
  const asked = spec.rootPassword;
  if (spec.credentialsSecretRef !== undefined || asked === undefined || asked === '') return [];
  if (asked === credentials.rootPassword) return [];
  return [
    {
      type: 'PasswordKept',
      message: `spec.rootPassword differs from Secret ${name}-auth, which is kept: change the password there.`,
    },
  ];
}

function tellFindings(context: MemberContext, instance: Instance, findings: Findings): void {
  const { notReady, conflicts, refusals, membership } = findings;
  if (refusals.length > 0)
    context.tell(instance, 'Warning', 'SpecRefused', 'Reconcile', describeRefusal(refusals.join('; ')));
  if (notReady !== undefined)
    context.tell(instance, 'Warning', notReady.reason, 'Reconcile', notReady.message);
  if (conflicts.length > 0)
    context.tell(
      instance,
      'Warning',
      'Conflict',
      'Reconcile',
      `not ours, left alone: ${conflicts.join(', ')}`,
    );
  if (membership?.refused !== undefined)
    context.tell(instance, 'Warning', 'Refused', 'Reconcile', membership.refused);
}

function tellReplacement(context: MemberContext, instance: Instance, { image }: Findings): void {
  if (image?.replaced === undefined) return;
  const { from, to } = image.replaced;
  context.tell(instance, 'Normal', 'ImageReplaced', 'Reconcile', `${from} runs as ${to} (images.replace)`);
}

const nowText = (context: MemberContext): string =>
  context
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
