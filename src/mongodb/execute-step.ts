import { setTimeout as sleep } from 'node:timers/promises';
import { FedStateError, isFedStateError } from '../domain/errors';
import type { MembershipStep } from '../domain/plan';
import { lagSeconds } from '../domain/replica-set';
import { buildInfoSchema } from './answers';
import { editConfig, type ReconfigStep } from './config-edit';
import { withMember, type Access, type ConnectOptions } from './connect';
import { findPrimary, freeze, initiate, setDefaultRWConcern, stepDown, stepUp } from './election';
import { reportMember } from './observe';
import { readConfig, reconfigure, waitCommitted } from './reconfig';
import { ensureSystemUsers, type SystemPasswords } from './users';

/** What is needed to carry out a step. Lives inside one call, never in a history. */
export interface StepContext {
  /** Every address at which a member may answer: desired and configured ones. */
  readonly hosts: readonly string[];
  readonly keyfile: string;
  readonly passwords: SystemPasswords;
  readonly options?: ConnectOptions | undefined;
  /** Called while it waits, with what for; a heartbeat. */
  readonly onProgress?: ((waitingFor: string) => void) | undefined;
  /** Called with the most that writes can have stopped for, where the step takes a primary away. */
  readonly onOutage?: ((ms: number) => void) | undefined;
}

const POLL_MS = 500;
const FREEZE_SECONDS = 90;
const SUCCESSION_MS = 60_000;
const SUCCESSION_POLL_MS = 50;
const ELECTION_MS = 20_000;

/**
 * Carries out one step and proves it done; a step that is done already sends nothing, so that a repeated call is safe.
 * @returns one line for people
 * @throws FedStateError Superseded when the plan no longer fits: plan again; NotReady and Unreachable when a member
 *   lacks; NotPrimary after an election; Refused when the server will not have it
 */
export async function executeStep(step: MembershipStep, context: StepContext): Promise<string> {
  const access: Access = {
    credentials: { kind: 'keyfile', key: context.keyfile },
    options: context.options,
  };
  switch (step.kind) {
    case 'initiate': {
      const outcome = await initiate(step.host, access, step.setName, step.members);
      return `${outcome} at ${step.host}`;
    }
    case 'stepUp':
      return `primary is ${await stepUp(step.host, access)}`;
    case 'createUsers': {
      const primary = await requirePrimary(context, access);
      const outcomes = await ensureSystemUsers(primary, context.keyfile, context.passwords, context.options);
      return Object.entries(outcomes)
        .map(([name, outcome]) => `${name} ${outcome}`)
        .join(', ');
    }
    case 'setDefaultWriteConcern': {
      const outcome = await setDefaultRWConcern(await requirePrimary(context, access), access, step.w);
      return `default write concern ${String(step.w)}: ${outcome}`;
    }
    case 'waitSync':
      return waitSync(step, context, access);
    case 'stepDown':
      return passOn(step, context, access);
    case 'addMember':
    case 'grantVote':
    case 'setPriority':
    case 'setMemberFields':
    case 'revokeVote':
    case 'removeMember':
      return runReconfig(step, context, access);
  }
}

async function runReconfig(step: ReconfigStep, context: StepContext, access: Access): Promise<string> {
  const primary = await requirePrimary(context, access);
  checkNotPrimary(step, primary);
  const major = await readMajor(primary, access);
  const present = await readConfig(primary, access);
  const { version, term } = present;
  if (editConfig(present, step, major) === present) {
    await waitCommitted(primary, access, { version, term });
    return `${step.kind}: already so in version ${version}`;
  }
  if (step.kind === 'grantVote') await requireSynced(step.host, primary, access);
  const mark = await reconfigure(primary, access, { version, term }, (config) =>
    editConfig(config, step, major),
  );
  context.onProgress?.(`version ${mark.version} to be committed`);
  await waitCommitted(primary, access, mark);
  return `${step.kind} ${hostsOf(step).join(', ')}: version ${mark.version} committed`;
}

/** An election since the plan was made may have made the wrong member primary (S11). */
function checkNotPrimary(step: ReconfigStep, primary: string): void {
  const unseats =
    step.kind === 'revokeVote' ||
    step.kind === 'removeMember' ||
    (step.kind === 'setPriority' && step.priority === 0) ||
    (step.kind === 'setMemberFields' && (step.hidden === true || step.priority === 0));
  if (unseats && hostsOf(step).includes(primary))
    throw new FedStateError('Superseded', `${primary} has become primary meanwhile: plan again.`, {
      host: primary,
    });
}

const hostsOf = (step: ReconfigStep): string[] =>
  step.kind === 'addMember' || step.kind === 'removeMember'
    ? step.members.map((member) => member.host)
    : [step.host];

/** S10: no vote for a member that is not SECONDARY. */
async function requireSynced(host: string, primary: string, access: Access): Promise<void> {
  const state = (await reportMember(primary, access)).views.find((view) => view.host === host)?.stateName;
  if (state !== 'SECONDARY')
    throw new FedStateError(
      'NotReady',
      `${host} is ${state ?? 'unknown'}: it gets a vote once it is SECONDARY.`,
      {
        host,
      },
    );
}

async function waitSync(
  step: Extract<MembershipStep, { kind: 'waitSync' }>,
  context: StepContext,
  access: Access,
): Promise<string> {
  const deadline = Date.now() + step.timeoutSeconds * 1000;
  for (;;) {
    const lacking = await listUnsynced(step, await requirePrimary(context, access), access);
    if (lacking.length === 0) return `${step.hosts.join(', ')} synced`;
    if (Date.now() > deadline)
      throw new FedStateError('NotReady', `Not synced in time: ${lacking.join('; ')}`);
    context.onProgress?.(lacking.join('; '));
    await pause(context.options);
  }
}

async function listUnsynced(
  step: Extract<MembershipStep, { kind: 'waitSync' }>,
  primary: string,
  access: Access,
): Promise<string[]> {
  const { views } = await reportMember(primary, access);
  const head = views.find((view) => view.self)?.optime;
  return step.hosts.flatMap((host) => {
    const view = views.find((entry) => entry.host === host);
    if (view === undefined) return [`${host} is not in the configuration`];
    if (view.stateName === 'PRIMARY' || view.stateName === 'ARBITER') return [];
    if (view.stateName !== 'SECONDARY') return [`${host} is ${view.stateName}`];
    if (head === undefined || view.optime === undefined) return [`${host} has not told how far it is`];
    const lag = lagSeconds(head, view.optime);
    return lag <= step.maxLagSeconds ? [] : [`${host} is ${lag} s behind`];
  });
}

async function passOn(
  step: Extract<MembershipStep, { kind: 'stepDown' }>,
  context: StepContext,
  access: Access,
): Promise<string> {
  const frozen: string[] = [];
  try {
    for (const host of step.freezeHosts) {
      await freeze(host, access, FREEZE_SECONDS);
      frozen.push(host);
    }
    const asked = performance.now();
    const outcome = await stepDown(step.host, access);
    const successor = await waitSuccessor(step.host, context, access);
    // Asked a second time it finds the work done, and knows not how long that took.
    if (outcome === 'steppedDown') context.onOutage?.(Math.ceil(performance.now() - asked));
    return outcome === 'steppedDown'
      ? `${step.host} stepped down, primary is ${successor}`
      : `${step.host} was not primary, ${successor} is`;
  } finally {
    // A freeze ends by itself; ending it early is a courtesy.
    await Promise.all(frozen.map((host) => freeze(host, access, 0).catch(() => undefined)));
  }
}

async function waitSuccessor(former: string, context: StepContext, access: Access): Promise<string> {
  const deadline = Date.now() + SUCCESSION_MS;
  const others = context.hosts.filter((host) => host !== former);
  for (;;) {
    const found = await findPrimary(others, access);
    if (found !== undefined) return found;
    if (Date.now() > deadline)
      throw new FedStateError(
        'NotReady',
        `Nobody took over from ${former} within ${SUCCESSION_MS / 1000} s.`,
        {
          host: former,
        },
      );
    context.onProgress?.(`a successor of ${former}`);
    // It is there within milliseconds, and the time until it is seen counts as outage.
    await pause(context.options, SUCCESSION_POLL_MS);
  }
}

/** The primary, by asking all; after an election begins, one is found within its timeout (S18). */
async function requirePrimary(context: StepContext, access: Access): Promise<string> {
  const deadline = Date.now() + ELECTION_MS;
  for (;;) {
    const primary = await findPrimary(context.hosts, access);
    if (primary !== undefined) return primary;
    if (Date.now() > deadline)
      throw new FedStateError('NotPrimary', `None of ${context.hosts.join(', ')} answers as primary.`);
    context.onProgress?.('a primary');
    await pause(context.options);
  }
}

async function readMajor(host: string, access: Access): Promise<number> {
  const { version } = await withMember(host, access, (session) =>
    session.ask(buildInfoSchema, { buildInfo: 1 }),
  );
  return Number.parseInt(version, 10);
}

async function pause(options: ConnectOptions | undefined, ms: number = POLL_MS): Promise<void> {
  await sleep(ms, undefined, options?.signal === undefined ? {} : { signal: options.signal }).catch(
    (error: unknown) => {
      if (isFedStateError(error)) throw error;
      options?.signal?.throwIfAborted();
    },
  );
}
