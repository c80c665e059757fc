import { setTimeout as sleep } from 'node:timers/promises';
import { FedStateError, isFedStateError } from '../domain/errors';
import { majorityOf } from '../domain/replica-set';
import { getConfigSchema, statusSchema, type OpTimeAnswer, type RawConfig } from './answers';
import { okSchema, withMember, type Access, type MemberSession } from './connect';
import { CODES, hasCode } from './error';
import { toConfig } from './member-report';
import { askHello } from './observe';

/** Which configuration: term only since 4.4. */
export interface ConfigMark {
  readonly version: number;
  readonly term?: number | undefined;
}

/** Wire version of 4.4: config terms and `commitmentStatus` (docs: driver specification, wire versions). */
const WIRE_4_4 = 9;
// One silent member keeps the server's quorum check busy for 30 s and more (recorded on 4.2).
const RECONFIG_MS = 60_000;
const COMMIT_MS = 60_000;
const POLL_MS = 200;

/** The configuration that a member holds, with every field that the server knows. */
export async function readConfig(host: string, access: Access): Promise<RawConfig> {
  return withMember(host, access, askConfig);
}

/**
 * One non-forced reconfig: waits until the present configuration is committed (S1), reads it again, edits it, sends it
 * with version + 1. After a timeout the configuration is read back and compared, never sent again (S3).
 * @returns the mark of the configuration that is now installed
 * @throws FedStateError Superseded when another configuration than `expected` is found; NotPrimary; NotReady when a
 *   majority did not answer or nothing was installed in time; Refused when the server holds it for invalid
 */
export async function reconfigure(
  primaryHost: string,
  access: Access,
  expected: ConfigMark,
  edit: (config: RawConfig) => RawConfig,
): Promise<ConfigMark> {
  const patient: Access = {
    ...access,
    options: { ...access.options, answerTimeoutMs: RECONFIG_MS + 10_000 },
  };
  await waitCommitted(primaryHost, access, expected);
  const present = await readConfig(primaryHost, access);
  if (present.version !== expected.version || present.term !== expected.term)
    throw superseded(primaryHost, expected, present);
  const next = { ...edit(present), version: present.version + 1 };
  try {
    await withMember(primaryHost, patient, (session) =>
      session.ask(okSchema, { replSetReconfig: next, maxTimeMS: RECONFIG_MS }),
    );
  } catch (error) {
    const unclear = isFedStateError(error, 'Unreachable') || hasCode(error, CODES.maxTimeExpired);
    if (!unclear) throw error;
    await confirmInstalled(primaryHost, access, present, next, error);
  }
  const { version, term } = await readConfig(primaryHost, access);
  return { version, term };
}

/** S3: what was sent may be installed although no answer came. */
async function confirmInstalled(
  host: string,
  access: Access,
  before: RawConfig,
  sent: RawConfig,
  cause: unknown,
): Promise<void> {
  const found = await readConfig(host, access);
  const members = (config: RawConfig): string => JSON.stringify(toConfig(config).members);
  if (found.version === sent.version && members(found) === members(sent)) return;
  if (found.version === before.version)
    throw new FedStateError(
      'NotReady',
      `${host} did not install the configuration in time.`,
      { host },
      { cause },
    );
  throw superseded(host, sent, found);
}

const superseded = (host: string, expected: ConfigMark, found: ConfigMark): FedStateError =>
  new FedStateError(
    'Superseded',
    `${host} holds configuration version ${found.version} (term ${found.term ?? '-'}), not ${expected.version} (term ${expected.term ?? '-'}): plan again.`,
    { host, expectedVersion: expected.version, foundVersion: found.version },
  );

/**
 * Waits until the configuration is on a majority of voters and earlier entries are committed under it (S1): from 4.4
 * on the server tells by `commitmentStatus`; below, a majority of voters must report it and a no-op written
 * after that must be committed.
 * @throws FedStateError NotReady when that does not come about in time
 */
export async function waitCommitted(
  primaryHost: string,
  access: Access,
  mark: ConfigMark,
  timeoutMs: number = COMMIT_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const signal = access.options?.signal;
  await withMember(primaryHost, access, async (session) => {
    const until = async (check: () => Promise<boolean>): Promise<void> => {
      while (!(await check())) {
        if (Date.now() > deadline)
          throw new FedStateError(
            'NotReady',
            `Configuration version ${mark.version} is not committed by a majority of voters after ${timeoutMs / 1000} s: are enough members up?`,
            { host: primaryHost, version: mark.version },
          );
        await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
      }
    };
    const { maxWireVersion } = await askHello(session);
    if (maxWireVersion >= WIRE_4_4) return until(() => isCommitted(session, mark));
    await until(() => isSpread(session, mark));
    // Old servers refuse a write concern here, so the commit point is read instead.
    await session.ask(okSchema, { appendOplogNote: 1, data: { msg: 'configuration committed' } });
    const noted = (await session.ask(statusSchema, { replSetGetStatus: 1 })).optimes?.appliedOpTime;
    await until(async () => {
      const { optimes } = await session.ask(statusSchema, { replSetGetStatus: 1 });
      return noted !== undefined && reached(optimes?.lastCommittedOpTime, noted);
    });
  });
}

function reached(point: OpTimeAnswer | undefined, target: OpTimeAnswer): boolean {
  if (point === undefined || point.t !== target.t) return point !== undefined && point.t > target.t;
  return point.ts.greaterThanOrEqual(target.ts);
}

async function isCommitted(session: MemberSession, mark: ConfigMark): Promise<boolean> {
  const answer = await session.ask(getConfigSchema, { replSetGetConfig: 1, commitmentStatus: true });
  return answer.commitmentStatus === true && answer.config.version >= mark.version;
}

async function isSpread(session: MemberSession, mark: ConfigMark): Promise<boolean> {
  const config = toConfig(await askConfig(session));
  const status = await session.ask(statusSchema, { replSetGetStatus: 1 });
  const voters = config.members.filter((member) => member.votes > 0).map((member) => member._id);
  const holding = status.members.filter(
    (member) => voters.includes(member._id) && (member.configVersion ?? -1) >= mark.version,
  );
  return holding.length >= majorityOf(voters.length);
}

const askConfig = async (session: MemberSession): Promise<RawConfig> =>
  (await session.ask(getConfigSchema, { replSetGetConfig: 1 })).config;
