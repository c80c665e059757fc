import type { Doc } from '../doc';
import { isNewerConfig } from './config-rules';
import { askHeartbeat } from './heart';
import type { Member } from './member';
import { locateSelf } from './self';
import { parseStoredConfig } from './stored-config';

const timeoutMs = 10_000;

/** Asks a member that has a newer configuration for it. */
export const fetchConfig = async (member: Member, host: string): Promise<void> => {
  const result = await askHeartbeat(member, host, 'heartbeat', false, timeoutMs);
  if (result.kind === 'answer' && result.response.config !== undefined && !member.stopped) {
    await member.installRemote(result.response.config);
  }
};

/** Takes up a configuration that came with a heartbeat, when it is newer. */
export const takeRemoteConfig = async (member: Member, doc: Doc): Promise<void> => {
  const config = parseStoredConfig(doc, member.dialect);
  const mine = member.topology.config;
  if (config === undefined || config.setName !== member.setName) return;
  if (mine !== null && !isNewerConfig(config, mine)) return;
  const [index] = await locateSelf(member, config, true);
  if (member.topology.config === mine) await member.install(config, index ?? -1);
};
