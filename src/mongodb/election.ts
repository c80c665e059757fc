import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FedStateError, isFedStateError } from '../domain/errors';
import type { MemberConfig } from '../domain/replica-set';
import { okSchema, withMember, type Access } from './connect';
import { CODES, hasCode } from './error';
import { askHello, isPrimary, reportMember } from './observe';
import { toRawMember } from './config-edit';

const INITIATE_MS = 60_000;
const ELECTION_MS = 30_000;
const POLL_MS = 250;

/**
 * Initiates the set at one member. One that has a configuration already is left alone, if it is this set's.
 * @throws FedStateError NotReady when a listed member does not answer; Refused when the server holds it for invalid
 */
export async function initiate(
  host: string,
  access: Access,
  setName: string,
  members: readonly MemberConfig[],
): Promise<'initiated' | 'adopted'> {
  const patient: Access = { ...access, options: { ...access.options, answerTimeoutMs: INITIATE_MS } };
  const report = await reportMember(host, access);
  if (report.config !== undefined) return adopt(host, setName, report.config._id);
  const major = Number.parseInt(report.version, 10);
  const config = { _id: setName, members: members.map((member) => toRawMember(member, major)) };
  try {
    await withMember(host, patient, (session) => session.ask(okSchema, { replSetInitiate: config }));
    return 'initiated';
  } catch (error) {
    if (!hasCode(error, CODES.alreadyInitialized) && !isFedStateError(error, 'Unreachable')) throw error;
    // Someone else was faster, or the answer was lost: what the member holds decides (S3).
    const again = await reportMember(host, access);
    if (again.config === undefined) throw error;
    return adopt(host, setName, again.config._id);
  }
}

function adopt(host: string, setName: string, found: string): 'adopted' {
  if (found === setName) return 'adopted';
  throw new FedStateError('Refused', `${host} belongs to replica set "${found}", not "${setName}".`, {
    host,
  });
}

/**
 * Makes a member primary without waiting for an election timeout: the first attempts fail until heartbeats have gone
 * round (recorded: 2 s instead of 12 s).
 * @returns the primary: another one if that won meanwhile
 * @throws FedStateError NotReady when nobody is elected in time
 */
export async function stepUp(host: string, access: Access, timeoutMs: number = ELECTION_MS): Promise<string> {
  const deadline = Date.now() + timeoutMs;
  return withMember(host, access, async (session) => {
    for (;;) {
      const hello = await askHello(session);
      if (isPrimary(hello)) return host;
      // Between winning and writing it names itself primary already.
      if (hello.primary !== undefined && hello.primary !== host && hello.primary !== hello.me)
        return hello.primary;
      if (Date.now() > deadline)
        throw new FedStateError('NotReady', `${host} was not elected within ${timeoutMs / 1000} s.`, {
          host,
        });
      await session.ask(okSchema, { replSetStepUp: 1 }).catch((error: unknown) => {
        if (!isFedStateError(error, 'NotReady') && !isFedStateError(error, 'NotPrimary')) throw error;
      });
      await sleep(POLL_MS);
    }
  });
}

export interface StepDownTimes {
  /** Seconds for which it may not be elected again; longer than `catchUpSecs`. */
  readonly secs: number;
  /** Seconds to wait for another member to catch up. */
  readonly catchUpSecs: number;
}

/**
 * Asks a primary to step down, never by force (S14). One that is not primary is left alone.
 * @throws FedStateError NotReady when no electable member has caught up: wait or ask, do not force
 */
export async function stepDown(
  host: string,
  access: Access,
  { secs, catchUpSecs }: StepDownTimes = { secs: 60, catchUpSecs: 10 },
): Promise<'steppedDown' | 'wasNotPrimary'> {
  const answerTimeoutMs = (catchUpSecs + 10) * 1000;
  return withMember(host, { ...access, options: { ...access.options, answerTimeoutMs } }, async (session) => {
    if (!isPrimary(await askHello(session))) return 'wasNotPrimary';
    const command = { replSetStepDown: secs, secondaryCatchUpPeriodSecs: catchUpSecs };
    await session.ask(okSchema, command);
    return 'steppedDown';
  });
}

/** Keeps a secondary from seeking election for so many seconds; 0 lets it again (S15). */
export async function freeze(host: string, access: Access, seconds: number): Promise<void> {
  await withMember(host, access, (session) => session.ask(okSchema, { replSetFreeze: seconds }));
}

const defaultsSchema = z.looseObject({ defaultWriteConcernSource: z.string().optional() });

/** S17, since 5.0: makes the default write concern explicit, unless somebody has set one. Older servers have none. */
export async function setDefaultRWConcern(
  primaryHost: string,
  access: Access,
  w: 'majority' | 1,
): Promise<'set' | 'kept' | 'unsupported'> {
  return withMember(primaryHost, access, async (session) => {
    const present = await session.ask(defaultsSchema, { getDefaultRWConcern: 1 }).catch((error: unknown) => {
      if (hasCode(error, CODES.commandNotFound)) return undefined;
      throw error;
    });
    if (present === undefined) return 'unsupported';
    if (present.defaultWriteConcernSource === 'global') return 'kept';
    await session.ask(okSchema, {
      setDefaultRWConcern: 1,
      defaultWriteConcern: { w, wtimeout: 0 },
      writeConcern: { w: 'majority', wtimeout: 8_000 },
    });
    return 'set';
  });
}

/** The first of `hosts` to answer as writable primary, or undefined. Needs no rights; the dead are not waited for. */
export async function findPrimary(hosts: readonly string[], access: Access): Promise<string | undefined> {
  const anybody: Access = { ...access, credentials: { kind: 'none' } };
  const attempts = hosts.map((host) =>
    withMember(host, anybody, async (session) => {
      if (isPrimary(await askHello(session))) return host;
      throw new FedStateError('NotPrimary', `${host} is not primary.`, { host });
    }),
  );
  try {
    return await Promise.any(attempts);
  } catch {
    access.options?.signal?.throwIfAborted();
    return undefined;
  }
}
