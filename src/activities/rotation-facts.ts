import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { ANNOTATIONS } from '../domain/marks';
import type { MemberPlace } from '../domain/placement';
import { NO_ROTATION, partsOfRotation, type RotationFacts, type SystemUserName } from '../domain/rotation';
import type { ClusterReport } from '../karmada/binding';
import { signInAsSystem } from '../mongodb/users';
import {
  credentialsRevisionOf,
  phaseOf,
  readAuthSecret,
  SYSTEM_USER_NAMES,
  type AuthSecret,
} from './auth-secret';
import type { ActivityContext } from './context';
import type { Layout } from './layout';
import type { References } from './references';

export interface SeenRotation {
  readonly facts: RotationFacts;
  /** Uids of pods that run with another keyfile than they should, though they have the present template. */
  readonly stale: ReadonlyMap<string, string>;
}

/** Whose password is to be set: all for a new request, root whenever the one that was given is another. */
export function duePasswords(
  cr: MultiCloudMongoDB,
  auth: AuthSecret,
  givenRoot: string | undefined,
): SystemUserName[] {
  const request = cr.metadata.annotations[ANNOTATIONS.rotate];
  const asked =
    request !== undefined && partsOfRotation(request).includes('passwords') && auth.passwordsFor !== request;
  return SYSTEM_USER_NAMES.filter((user) => {
    if (auth.pending[user] !== undefined) return true;
    // One that was given is its owner's to change: it is followed, never invented.
    if (user === 'root' && givenRoot !== undefined) return auth.passwords.root !== givenRoot;
    return asked;
  });
}

/** Whether the keyfile's present or coming key is the one that is asked for; undefined: nothing is asked. */
export function wantsKey(cr: MultiCloudMongoDB, auth: AuthSecret): boolean {
  const request = cr.metadata.annotations[ANNOTATIONS.rotate];
  if (request === undefined || !partsOfRotation(request).includes('keyfile')) return false;
  return phaseOf(auth) === 'both' ? auth.keyfileFor === request : auth.keyfileFor !== request;
}

/** Whether a rotation is asked for or under way. */
export function isRotationDue(cr: MultiCloudMongoDB, auth: AuthSecret): boolean {
  return (
    phaseOf(auth) !== 'one' || wantsKey(cr, auth) || duePasswords(cr, auth, auth.passwords.root).length > 0
  );
}

/**
 * Clusters that have members and have not taken up the credentials of this revision. A fenced one is not waited for: its
 * members are out of the configuration, and it is given the Secret before anything else when the fence is lifted.
 */
export const listUntaken = (
  revision: string | undefined,
  { dispatched, fenced }: Pick<Layout, 'dispatched' | 'fenced'>,
  reports: ReadonlyMap<string, ClusterReport>,
): string[] =>
  revision === undefined
    ? []
    : dispatched
        .filter(({ cluster, members, arbiter }) => (members > 0 || arbiter) && !fenced.includes(cluster))
        .map(({ cluster }) => cluster)
        .filter((cluster) => reports.get(cluster)?.status?.credentialsRevision !== revision);

/** How far a rotation is, by the Secret, what managers report, and what the members themselves take. */
export async function readRotation(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  {
    layout,
    references,
    reports,
  }: {
    readonly layout: Layout;
    readonly references: References;
    readonly reports: ReadonlyMap<string, ClusterReport>;
  },
): Promise<SeenRotation> {
  const auth = await readAuthSecret(context, cr).catch((error: unknown) => {
    if (isFedStateError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (auth === undefined) return { facts: NO_ROTATION, stale: new Map() };
  const facts: RotationFacts = {
    passwords: duePasswords(cr, auth, references.rootPassword),
    exporters: cr.spec.export.enable,
    keyfile: phaseOf(auth),
    wantsKey: wantsKey(cr, auth),
    taken: listUntaken(credentialsRevisionOf(auth), layout, reports).length === 0,
  };
  return { facts, stale: await findStale(auth, layout, reports) };
}

/**
 * A kubelet may give a pod an older copy of a Secret: what a member really takes is asked of itself. Members that do not
 * answer are not judged here: nothing goes on without them anyway.
 */
async function findStale(
  auth: AuthSecret,
  layout: Layout,
  reports: ReadonlyMap<string, ClusterReport>,
): Promise<Map<string, string>> {
  if (phaseOf(auth) === 'one') return new Map();
  const podOf = ({ cluster, ordinal }: MemberPlace) =>
    reports.get(cluster)?.status?.members?.find((member) => member.ordinal === ordinal);
  const found = await Promise.all(
    layout.members.map(async (member): Promise<[string, string][]> => {
      const pod = podOf(member);
      if (member.host === undefined || pod?.podUid === undefined) return [];
      if (pod.pendingTemplate === true || !pod.ready) return [];
      return (await holdsPresentKeys(member.host, auth)) === false ? [[member.host, pod.podUid]] : [];
    }),
  );
  return new Map(found.flat());
}

/**
 * Whether a member started with what the keyfile holds now: in the first phase it takes the new key, in the second it
 * refuses the old one. Undefined: it does not answer.
 */
export async function holdsPresentKeys(host: string, auth: AuthSecret): Promise<boolean | undefined> {
  const [first, second] = auth.keys;
  if (second !== undefined) return takesKey(host, second);
  const takesNew = await takesKey(host, first);
  if (takesNew !== true || auth.formerKey === undefined) return takesNew;
  const takesOld = await takesKey(host, auth.formerKey);
  return takesOld === undefined ? undefined : !takesOld;
}

async function takesKey(host: string, key: string): Promise<boolean | undefined> {
  try {
    await signInAsSystem(host, key);
    return true;
  } catch (error) {
    if (isFedStateError(error, 'Unauthorized')) return false;
    if (isFedStateError(error, 'Unreachable') || isFedStateError(error, 'NotReady')) return undefined;
    throw error;
  }
}
