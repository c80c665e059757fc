import { isFedStateError, messageOf } from '../domain/errors';
import type { MemberReport, ReplicaSetObservation } from '../domain/replica-set';
import {
  buildInfoSchema,
  featureVersionSchema,
  getConfigSchema,
  helloSchema,
  statusSchema,
  type Hello,
} from './answers';
import { withMember, type Access, type MemberSession } from './connect';
import { CODES, hasCode } from './error';
import { toReport } from './member-report';
import { createPatience, hopeless, listHopeless } from './patience';

const PATIENCE_TICK_MS = 250;
/** Of all looks of this process: each instance is looked at again and again. */
const patience = createPatience();

/**
 * One member's own view, whatever its state: before initiation, removed, arbiter. To an arbiter no driver signs in, with
 * whatever credentials (driver specification "Authentication"): it tells what `hello` tells to anybody.
 * @throws FedStateError Unreachable, Unauthorized, Refused
 */
export async function reportMember(host: string, access: Access): Promise<MemberReport> {
  try {
    return await withMember(host, access, askMember);
  } catch (error) {
    if (access.credentials.kind === 'none' || !isFedStateError(error, 'Unauthorized')) throw error;
    const report = await withMember(host, { ...access, credentials: { kind: 'none' } }, askAnonymously);
    if (report === undefined) throw error;
    return report;
  }
}

/**
 * All of `hosts`, and whoever else their configurations name, at once; who does not answer is listed with the reason. Who
 * is down to the others is not waited for as long as one of whom nothing is known.
 */
export async function observeReplicaSet(
  hosts: readonly string[],
  access: Access,
): Promise<ReplicaSetObservation> {
  const at = new Date().toISOString();
  const outer = access.options?.signal;
  const reports: MemberReport[] = [];
  const unreachable: { host: string; reason: string }[] = [];
  const asked: string[] = [];
  const open = new Map<string, { readonly since: number; readonly giveUp: AbortController }>();

  async function ask(host: string): Promise<void> {
    if (asked.includes(host)) return;
    asked.push(host);
    const report = await tryReport(host);
    if (report === undefined) return;
    reports.push(report);
    await Promise.all(namedBy(report).map(ask));
  }

  async function tryReport(host: string): Promise<MemberReport | undefined> {
    const giveUp = new AbortController();
    const forward = (): void => giveUp.abort(outer?.reason);
    outer?.addEventListener('abort', forward, { once: true });
    open.set(host, { since: performance.now(), giveUp });
    try {
      const options = { ...access.options, signal: giveUp.signal };
      const report = await reportMember(host, { ...access, options });
      patience.answered(host);
      return report;
    } catch (error) {
      outer?.throwIfAborted();
      unreachable.push({ host, reason: messageOf(error) });
      return undefined;
    } finally {
      outer?.removeEventListener('abort', forward);
      open.delete(host);
    }
  }

  const timer = setInterval(() => {
    const now = performance.now();
    const waited = [...open].filter(([host, { since }]) => patience.isOver(host, since, now));
    const hosts = waited.map(([host]) => host);
    for (const host of listHopeless(hosts, asked.length, reports)) {
      const { since, giveUp } = open.get(host) ?? {};
      if (since === undefined) continue;
      patience.giveUp(host, since, now);
      giveUp?.abort(hopeless(host, now - since));
    }
  }, PATIENCE_TICK_MS);
  try {
    outer?.throwIfAborted();
    await Promise.all(hosts.map(ask));
  } finally {
    clearInterval(timer);
  }
  return { at, reports: inOrder(asked, reports), unreachable: inOrder(asked, unreachable) };
}

const namedBy = (report: MemberReport): string[] =>
  report.membership === 'member' ? (report.config?.members ?? []).map((member) => member.host) : [];

const inOrder = <T extends { readonly host: string }>(hosts: readonly string[], list: T[]): T[] =>
  list.sort((a, b) => hosts.indexOf(a.host) - hosts.indexOf(b.host));

async function askMember(session: MemberSession): Promise<MemberReport> {
  const hello = await askHello(session);
  const { version } = await session.ask(buildInfoSchema, { buildInfo: 1 });
  const status = await session.ask(statusSchema, { replSetGetStatus: 1 }).catch((error: unknown) => {
    // Never initiated, or not in the configuration that it holds.
    if (hasCode(error, CODES.notYetInitialized) || hasCode(error, CODES.invalidReplicaSetConfig))
      return undefined;
    throw error;
  });
  const answer = await session.ask(getConfigSchema, { replSetGetConfig: 1 }).catch((error: unknown) => {
    if (hasCode(error, CODES.notYetInitialized)) return undefined;
    throw error;
  });
  const featureVersion = await readFeatureVersion(session);
  return toReport(session.host, { hello, version, status, config: answer?.config, featureVersion });
}

async function askAnonymously(session: MemberSession): Promise<MemberReport | undefined> {
  const hello = await askHello(session);
  if (hello.arbiterOnly !== true) return undefined;
  const { version } = await session.ask(buildInfoSchema, { buildInfo: 1 });
  return toReport(session.host, { hello, version });
}

/** Undefined: not known yet, or not for this user. */
export async function readFeatureVersion(session: MemberSession): Promise<string | undefined> {
  try {
    const { featureCompatibilityVersion } = await session.ask(featureVersionSchema, {
      getParameter: 1,
      featureCompatibilityVersion: 1,
    });
    return featureCompatibilityVersion.version;
  } catch (error) {
    const unknown = hasCode(error, CODES.unknownFeatureCompatibilityVersion);
    if (unknown || isFedStateError(error, 'Unauthorized')) return undefined;
    throw error;
  }
}

/** `hello` is unknown to most servers below 4.4. */
export async function askHello(session: MemberSession): Promise<Hello> {
  try {
    return await session.ask(helloSchema, { hello: 1 });
  } catch (error) {
    if (!hasCode(error, CODES.commandNotFound)) throw error;
    return await session.ask(helloSchema, { isMaster: 1 });
  }
}

export const isPrimary = (hello: Hello): boolean => hello.isWritablePrimary ?? hello.ismaster ?? false;
