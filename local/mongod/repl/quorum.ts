import { CommandError, messageOf } from '../error';
import { LinkAuthError, MemberLink, RemoteError } from '../wire/link';
import type { ReplicaSetConfig } from './config';
import { countVoters, isElectable, isVoter } from './config-rules';
import { type HeartbeatResponse, parseHeartbeatReply, renderHeartbeat } from './heartbeat';
import type { Member } from './member';

/** Waiting for a connection in a quorum check, ms, besides the heartbeat timeout: as long as a real server waits. */
const connectionWaitMs = 30_000;

interface Voice {
  readonly host: string;
  readonly response: HeartbeatResponse | undefined;
  readonly complaint: string;
  readonly code: number | undefined;
}

const hear = async (
  member: Member,
  config: ReplicaSetConfig,
  host: string,
  initiating: boolean,
): Promise<Voice> => {
  const link = new MemberLink(host, member.keys);
  const self = member.topology.self ?? config.members.find((known) => known.host !== host);
  const request = {
    setName: config.setName,
    configVersion: initiating ? 1 : (member.topology.config?.version ?? config.version),
    configTerm: member.topology.config?.term ?? -1,
    from: self?.host ?? '',
    fromId: self?.id ?? -1,
    term: member.topology.term,
    checkEmpty: initiating,
  };
  const command = renderHeartbeat(request, member.dialect.safeReconfig);
  try {
    const timeoutMs = connectionWaitMs + config.settings.heartbeatTimeoutSecs * 1000;
    const response = parseHeartbeatReply(await link.run('admin', command, timeoutMs));
    // The heartbeats that follow a new configuration find a connection ready.
    member.offerLink(link, 'heartbeat');
    return { host, response, complaint: '', code: undefined };
  } catch (error) {
    const code = error instanceof RemoteError ? error.code : undefined;
    const complaint = error instanceof LinkAuthError ? 'Authentication failed.' : messageOf(error);
    link.close();
    return { host, response: undefined, complaint, code };
  }
};

const describe = (voices: readonly Voice[]): string =>
  voices.map(({ host, complaint }) => `${host} failed with ${complaint}`).join(', ');

const refuseVetoes = (voices: readonly Voice[], config: ReplicaSetConfig, initiating: boolean): void => {
  for (const { host, response, code } of voices) {
    if (initiating && code === 108) throw new CommandError(103, `Our set name did not match that of ${host}`);
    if (response === undefined) continue;
    if (initiating && response.hasData) {
      throw new CommandError(110, `'${host}' has data already, cannot initiate set.`);
    }
    if (initiating && response.configVersion > 0) {
      throw new CommandError(
        103,
        `Our config version of ${config.version} is no larger than the version on ${host}, which is ${response.configVersion}`,
      );
    }
  }
};

/** Asks all other members before initiation: every one must answer. @throws CommandError 74, 103, 110. */
export const checkInitiation = async (
  member: Member,
  config: ReplicaSetConfig,
  selfIndex: number,
): Promise<void> => {
  const hosts = config.members.filter((_, index) => index !== selfIndex).map(({ host }) => host);
  const voices = await Promise.all(
    hosts.map((host) => hear(member, withSelf(config, selfIndex), host, true)),
  );
  refuseVetoes(voices, config, true);
  const silent = voices.filter(({ response }) => response === undefined);
  if (silent.length === 0) return;
  throw new CommandError(
    74,
    `replSetInitiate quorum check failed because not all proposed set members responded affirmatively: ${describe(silent)}`,
  );
};

/** Puts this member first, as the sender of the heartbeats. */
const withSelf = (config: ReplicaSetConfig, selfIndex: number): ReplicaSetConfig => {
  const self = config.members[selfIndex];
  if (self === undefined) return config;
  return { ...config, members: [self, ...config.members.filter((other) => other !== self)] };
};

/** Asks the members of a new configuration: a majority of its voters must answer. @throws CommandError 74, 103. */
export const checkQuorum = async (
  member: Member,
  config: ReplicaSetConfig,
  selfIndex: number,
): Promise<void> => {
  const others = config.members.filter((_, index) => index !== selfIndex);
  const self = config.members[selfIndex];
  const needed = Math.floor(countVoters(config) / 2) + 1;
  const voices: Voice[] = [];
  const good = (): string[] => [
    ...(self === undefined ? [] : [self.host]),
    ...voices.filter(({ response }) => response !== undefined).map(({ host }) => host),
  ];
  const voters = new Set(config.members.filter(isVoter).map(({ host }) => host));
  const answering = (): string[] => good().filter((host) => voters.has(host));
  await Promise.all(
    others.map(async ({ host }) => {
      const voice = await hear(member, config, host, false);
      voices.push(voice);
    }),
  );
  refuseVetoes(voices, config, false);
  const silent = voices.filter(({ response }) => response === undefined);
  if (answering().length < needed) {
    throw new CommandError(
      74,
      `Quorum check failed because not enough voting nodes responded; required ${needed} but only the following ${answering().length} voting nodes responded: ${answering().join(', ')}; the following nodes did not respond affirmatively: ${describe(silent)}`,
    );
  }
  const electable = config.members.some((known) => isElectable(known) && good().includes(known.host));
  if (!electable) {
    throw new CommandError(
      74,
      'Quorum check failed because no electable nodes responded; at least one required for config',
    );
  }
};
