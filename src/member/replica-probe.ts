import { isFedStateError, messageOf } from '../domain/errors';
import { MONGO_PORT, type Ordinal } from '../domain/names';
import type { MemberReport } from '../domain/replica-set';
import type { Credentials } from './build/secret';
import type { Snapshot } from './cluster-cache';
import { digestOf } from './digest';
import { SYSTEM_USERS, type ReplicaFindings, type SystemUser } from './findings';
import type { Instance } from './instance';

/** The two questions that are put to a mongod; each is bounded in time. */
export interface MemberQuestions {
  /** As `__system`, with the keyfile. @throws FedStateError Unreachable, Unauthorized */
  report(host: string, keyfile: string): Promise<MemberReport>;
  /** @throws FedStateError Unauthorized when the server refuses the password, others when it cannot be asked */
  signIn(host: string, user: SystemUser, password: string): Promise<void>;
}

export interface ReplicaProbe {
  ask(instance: Instance, snapshot: Snapshot, credentials: Credentials): Promise<ReplicaFindings>;
  forget(uid: string): void;
}

/** A user that signed in once is asked again after this long, or when the passwords change. */
const USER_RECHECK_MS = 10 * 60_000;

export function createReplicaProbe(questions: MemberQuestions, now: () => number = Date.now): ReplicaProbe {
  const signedIn = new Map<string, { readonly passwords: string; readonly at: number }>();

  async function askUsers(
    instance: Instance,
    host: string,
    credentials: Credentials,
  ): Promise<ReplicaFindings['users']> {
    const passwords = digestOf(credentials, 32);
    const known = signedIn.get(instance.uid);
    if (known?.passwords === passwords && now() - known.at < USER_RECHECK_MS)
      return { root: true, clusterAdmin: true, clusterMonitor: true };
    const answers: Partial<Record<SystemUser, boolean>> = {};
    for (const user of SYSTEM_USERS) {
      try {
        await questions.signIn(host, user, credentials[`${user}Password`]);
        answers[user] = true;
      } catch (error) {
        if (!isFedStateError(error, 'Unauthorized')) return answers;
        answers[user] = false;
      }
    }
    if (SYSTEM_USERS.every((user) => answers[user] === true))
      signedIn.set(instance.uid, { passwords, at: now() });
    return answers;
  }

  return {
    async ask(instance, snapshot, credentials) {
      const reports = new Map<Ordinal, MemberReport>();
      const silent = new Map<Ordinal, string>();
      const hosts = memberHosts(snapshot);
      await Promise.all(
        [...hosts].map(async ([ordinal, host]) => {
          try {
            reports.set(ordinal, await questions.report(host, credentials.keyfile));
          } catch (error) {
            silent.set(ordinal, messageOf(error));
          }
        }),
      );
      const data = [...reports].find(
        ([, { stateName }]) => stateName === 'PRIMARY' || stateName === 'SECONDARY',
      );
      const host = data === undefined ? undefined : hosts.get(data[0]);
      const users = host === undefined ? {} : await askUsers(instance, host, credentials);
      return { reports, silent, users };
    },
    forget: (uid) => signedIn.delete(uid),
  };
}

/** `podIP:27017` of the members whose mongod runs. */
export function memberHosts(snapshot: Snapshot): Map<Ordinal, string> {
  const hosts = new Map<Ordinal, string>();
  for (const [ordinal, pod] of snapshot.pods) {
    const { podIP, containerStatuses } = pod.status;
    const runs = containerStatuses.some(({ name, state }) => name === 'mongo' && state.running !== undefined);
    if (podIP === undefined || !runs || pod.metadata.deletionTimestamp !== undefined) continue;
    hosts.set(ordinal, podIP.includes(':') ? `[${podIP}]:${MONGO_PORT}` : `${podIP}:${MONGO_PORT}`);
  }
  return hosts;
}
