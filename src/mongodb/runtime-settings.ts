import { z } from 'zod';
import { FedStateError, isFedStateError } from '../domain/errors';
import type { RuntimeSetting, SettingChange, SettingValue } from '../domain/settings';
import { okSchema, withMember, type Access, type MemberSession } from './connect';
import { findRuntimeOption, type RuntimeTarget } from './runtime-options';

const valueSchema = z.union([z.number(), z.boolean()]);

/** What a member runs with of these options; what it does not know is left out. */
export async function readSettings(
  host: string,
  access: Access,
  options: readonly string[],
): Promise<ReadonlyMap<string, SettingValue>> {
  return withMember(host, access, async (session) => {
    const told = new Map<string, SettingValue>();
    for (const option of options) {
      const value = await readSetting(session, targetOf(option));
      if (value !== undefined) told.set(option, value);
    }
    return told;
  });
}

/**
 * Tells a member each setting and reads it back. One that is refused takes the others of this member back with it.
 * @returns one line for people
 * @throws FedStateError Refused (fact: option) when mongod does not take a value, or tells another one; Unreachable,
 *   Unauthorized, NotReady
 */
export async function applySettings(
  host: string,
  access: Access,
  settings: readonly SettingChange[],
): Promise<string> {
  return withMember(host, access, async (session) => {
    const taken: SettingChange[] = [];
    for (const setting of settings) {
      try {
        await applySetting(session, setting);
        taken.push(setting);
      } catch (error) {
        for (const { option, was } of [setting, ...taken.reverse()]) {
          if (was !== undefined) await tellSetting(session, { option, value: was }).catch(() => undefined);
        }
        throw error;
      }
    }
    return `${host} tells ${settings.map(({ option, value }) => `${option} ${value}`).join(', ')}`;
  });
}

async function applySetting(session: MemberSession, setting: RuntimeSetting): Promise<void> {
  const { option, value } = setting;
  const { host } = session;
  const most = findRuntimeOption(option)?.most ?? Infinity;
  if (Number(value) > most)
    throw new FedStateError('Refused', `${option} ${value}: ${host} would not start with more than ${most}`, {
      host,
      option,
    });
  try {
    await tellSetting(session, setting);
  } catch (error) {
    if (!isFedStateError(error, 'Refused')) throw error;
    throw new FedStateError('Refused', `${option} ${value}: ${error.message}`, { host, option });
  }
  const told = await readSetting(session, targetOf(option));
  if (told !== value)
    throw new FedStateError('Refused', `${option} ${value}: ${host} then tells ${told ?? 'nothing'}`, {
      host,
      option,
    });
}

async function tellSetting(session: MemberSession, { option, value }: RuntimeSetting): Promise<void> {
  const { command, name } = targetOf(option);
  switch (command) {
    case 'setParameter':
      await session.ask(okSchema, { setParameter: 1, [name]: value });
      return;
    case 'profile':
      await session.ask(okSchema, { profile: -1, [name]: value });
      return;
  }
}

/** Undefined: this release does not have it, and says so when it is told. */
async function readSetting(
  session: MemberSession,
  { command, name }: RuntimeTarget,
): Promise<SettingValue | undefined> {
  const question = command === 'profile' ? { profile: -1 } : { getParameter: 1, [name]: 1 };
  try {
    return valueSchema.safeParse((await session.ask(okSchema, question))[name]).data;
  } catch (error) {
    if (isFedStateError(error, 'Refused')) return undefined;
    throw error;
  }
}

function targetOf(option: string): RuntimeTarget {
  const found = findRuntimeOption(option);
  if (found === undefined)
    throw new FedStateError('Refused', `${option} is not taken at run time.`, { option });
  return found.target;
}
