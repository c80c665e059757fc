import { FedStateError, isFedStateError } from '../domain/errors';
import type { ForceWarrant } from '../domain/force-warrant';
import type { ForceStep } from '../domain/plan';
import type { MemberConfig } from '../domain/replica-set';
import type { RawConfig, RawMember } from './answers';
import { toRawMember } from './config-edit';
import { okSchema, withMember, type Access } from './connect';
import { toConfig } from './member-report';
import { askHello, isPrimary, reportMember } from './observe';
import { readConfig } from './reconfig';

/**
 * The one place that forces a configuration (S4), and only with a person's warrant. Read back when no answer came, never
 * sent twice (S3).
 * @throws FedStateError Superseded when nothing was sent, as the survivor is not what the plan says; Unreachable when
 *   nobody can tell whether it was installed
 */
export async function forceReconfig(step: ForceStep, warrant: ForceWarrant, access: Access): Promise<string> {
  const present = await readConfig(step.host, access);
  if (present.version !== step.expected.version || present.term !== step.expected.term)
    throw superseded(step, `it holds configuration version ${present.version} (term ${present.term ?? '-'})`);
  await refuseLeader(step, access);
  const { version } = await reportMember(step.host, access);
  const next = { ...present, members: keepMembers(present, step, Number.parseInt(version, 10)) };
  try {
    await withMember(step.host, access, (session) =>
      session.ask(okSchema, { replSetReconfig: { ...next, version: present.version + 1 }, force: true }),
    );
  } catch (error) {
    if (!isFedStateError(error, 'Unreachable')) throw error;
    if ((await findForced(step, access)) === undefined) throw error;
  }
  return (await findForced(step, access)) ?? `forced at ${step.host}: ${String(warrant)}`;
}

/** What was forced, when the survivor holds it already. */
export async function findForced(step: ForceStep, access: Access): Promise<string | undefined> {
  const config = await readConfig(step.host, access);
  const hosts = step.members.map(({ host }) => host).join(', ');
  return isInstalled(config, step)
    ? `forced at ${step.host} to version ${config.version} with ${hosts}`
    : undefined;
}

/** A survivor that leads, or follows somebody, needs no force. */
async function refuseLeader(step: ForceStep, access: Access): Promise<void> {
  const hello = await withMember(step.host, access, askHello);
  if (isPrimary(hello) || hello.primary !== undefined)
    throw superseded(step, `there is a primary, ${hello.primary ?? step.host}`);
}

const superseded = ({ host }: ForceStep, why: string): FedStateError =>
  new FedStateError('Superseded', `Nothing is forced at ${host}: ${why}. Plan again.`, { host });

/** Entries of the survivors with every field that the server gave; only votes and what bars an election may change. */
function keepMembers(present: RawConfig, step: ForceStep, major: number): RawMember[] {
  return step.members.map((member) => {
    const entry = present.members.find(({ _id, host }) => _id === member._id && host === member.host);
    if (entry === undefined) throw superseded(step, `${member.host} is not in its configuration`);
    const { votes, priority, hidden } = toRawMember(member, major);
    const delayed = member.secondaryDelaySecs > 0;
    const { secondaryDelaySecs, slaveDelay, ...rest } = entry;
    const delay = {
      ...(secondaryDelaySecs === undefined ? {} : { secondaryDelaySecs }),
      ...(slaveDelay === undefined ? {} : { slaveDelay }),
    };
    return { ...rest, ...(delayed ? delay : {}), votes, priority, hidden };
  });
}

/** A forced version is far ahead: the very members in a later version are the proof. */
function isInstalled(config: RawConfig, step: ForceStep): boolean {
  const key = ({ _id, host, votes }: MemberConfig): string => `${_id} ${host} ${votes}`;
  const found = toConfig(config).members.map(key).sort();
  const wanted = step.members.map(key).sort();
  return config.version > step.expected.version && JSON.stringify(found) === JSON.stringify(wanted);
}
