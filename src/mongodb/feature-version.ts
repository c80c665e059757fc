import { setTimeout as sleep } from 'node:timers/promises';
import { FedStateError } from '../domain/errors';
import { releaseOf } from '../domain/release';
import { majorityOf, type MemberConfig } from '../domain/replica-set';
import { buildInfoSchema } from './answers';
import { okSchema, withMember, type Access } from './connect';
import { findPrimary } from './election';
import { readFeatureVersion } from './observe';

const POLL_MS = 500;
/** The server waits up to 60 s for a majority. */
const ANSWER_MS = 90_000;
const PROOF_MS = 120_000;
/** Since this release the command wants to be confirmed. */
const CONFIRMED_SINCE = 7;

/**
 * Raises the feature compatibility version at the primary, once every member tells that it runs that release, and reads
 * it back from a majority (S22). One that is raised already is only read back.
 * @param members all that are configured; an arbiter has no data, and so no say in the proof
 * @returns one line for people
 * @throws FedStateError Refused when a member runs another release, or the server will not have it; NotReady when a
 *   majority does not tell it in time; Unreachable, NotPrimary
 */
export async function raiseVersion(
  members: readonly Pick<MemberConfig, 'host' | 'arbiterOnly'>[],
  access: Access,
  version: string,
  onProgress?: (waitingFor: string) => void,
): Promise<string> {
  const hosts = members.map(({ host }) => host);
  const primary = await findPrimary(hosts, access);
  if (primary === undefined)
    throw new FedStateError('NotPrimary', `None of ${hosts.join(', ')} answers as primary.`);
  const present = await withMember(primary, access, readFeatureVersion);
  if (present !== version) {
    await requireRelease(hosts, access, version);
    onProgress?.(`${primary} to take feature compatibility version ${version}`);
    const command = {
      setFeatureCompatibilityVersion: version,
      ...(Number.parseInt(version, 10) >= CONFIRMED_SINCE ? { confirm: true } : {}),
    };
    const patient: Access = { ...access, options: { ...access.options, answerTimeoutMs: ANSWER_MS } };
    await withMember(primary, patient, (session) => session.ask(okSchema, command));
  }
  const holders = members.filter(({ arbiterOnly }) => !arbiterOnly).map(({ host }) => host);
  const told = await awaitMajority(holders, access, version, onProgress);
  return `${present === version ? 'was' : `${present ?? 'unknown'} became`} ${version}; ${told.length} of ${holders.length} members tell it`;
}

/** Looked at right before: a member that was replaced meanwhile may run what the data would be too new for. */
async function requireRelease(hosts: readonly string[], access: Access, release: string): Promise<void> {
  for (const host of hosts) {
    const { version } = await withMember(host, access, (session) =>
      session.ask(buildInfoSchema, { buildInfo: 1 }),
    );
    if (releaseOf(version) !== release)
      throw new FedStateError('Refused', `${host} runs ${version}, not ${release} (S22).`, { host });
  }
}

async function awaitMajority(
  hosts: readonly string[],
  access: Access,
  version: string,
  onProgress: ((waitingFor: string) => void) | undefined,
): Promise<string[]> {
  const deadline = Date.now() + PROOF_MS;
  for (;;) {
    const told = await Promise.all(
      hosts.map((host) => withMember(host, access, readFeatureVersion).catch(() => undefined)),
    );
    access.options?.signal?.throwIfAborted();
    const proof = hosts.filter((_, index) => told[index] === version);
    if (proof.length >= majorityOf(hosts.length)) return proof;
    if (Date.now() > deadline)
      throw new FedStateError('NotReady', `only ${proof.join(', ') || 'no member'} tells ${version} so far.`);
    onProgress?.(`a majority to tell ${version}`);
    await sleep(POLL_MS);
  }
}
