import { readNumber, readString } from '../doc';
import { CommandError } from '../error';
import type { Dialect } from '../options/dialect';
import type { MemberConfig, ReplicaSetConfig } from './config';

/** A configuration that breaks a rule; the caller picks the code (93 at initiation, 103 at reconfiguration). */
export class ConfigError extends Error {}

const maxMembers = 50;
const maxVoters = 7;
const maxVersion = 2147483647;

/** A vote that counts: newly added members have none yet. */
export const isVoter = (member: MemberConfig): boolean => member.votes > 0 && !member.newlyAdded;

export const isElectable = (member: MemberConfig): boolean => !member.arbiterOnly && member.priority > 0;

export const countVoters = (config: ReplicaSetConfig): number => config.members.filter(isVoter).length;

/** Votes needed to win an election. */
export const majorityOf = (config: ReplicaSetConfig): number => Math.floor(countVoters(config) / 2) + 1;

/** Data-bearing voters that must hold a write for `w: "majority"`. */
export const writeMajorityOf = (config: ReplicaSetConfig): number =>
  Math.min(
    majorityOf(config),
    config.members.filter((member) => isVoter(member) && !member.arbiterOnly).length,
  );

const isLocalhost = (host: string): boolean => /^(localhost(:|$)|127\.|::1|\[::1\])/.test(host);

const checkMember = (member: MemberConfig, dialect: Dialect): string | undefined => {
  if (member.id < 0 || member.id > 255) return `_id field value of ${member.id} is out of range.`;
  if (member.arbiterOnly && member.priority !== 0) {
    return `Member ${member.host} is an arbiter but has priority ${member.priority}. Arbiter priority must be 0.`;
  }
  if (member.priority < 0 || member.priority > 1000)
    return `priority field value of ${member.priority} is out of range`;
  if (member.votes !== 0 && member.votes !== 1)
    return `votes field value is ${member.votes} but must be 0 or 1`;
  if (member.arbiterOnly && Object.keys(member.tags).length > 0) return 'Cannot set tags on arbiters.';
  if (member.arbiterOnly && member.votes === 0) return 'Arbiter must vote (cannot have 0 votes)';
  const delay = dialect.implicitMajority ? 'secondaryDelaySecs' : 'slaveDelay';
  if (member.delaySecs < 0 || member.delaySecs > 3600 * 24 * 366) {
    return `${delay} field value of ${member.delaySecs} seconds is out of range`;
  }
  if (member.priority === 0) return undefined;
  if (member.votes === 0) return 'priority must be 0 when non-voting (votes:0)';
  if (member.delaySecs > 0) return `priority must be 0 when ${delay} is used`;
  if (member.hidden) return 'priority must be 0 when hidden=true';
  if (!member.buildIndexes) return 'priority must be 0 when buildIndexes=false';
  return undefined;
};

const checkPairs = (members: readonly MemberConfig[]): string | undefined => {
  for (const [j, second] of members.entries()) {
    for (const [i, first] of members.slice(0, j).entries()) {
      if (first.id === second.id) {
        return `Found two member configurations with same _id field, members.${i}._id == members.${j}._id == ${first.id}`;
      }
      if (first.host === second.host) {
        return `Found two member configurations with same host field, members.${i}.host == members.${j}.host == ${first.host}`;
      }
    }
  }
  return undefined;
};

const checkHorizons = (members: readonly MemberConfig[]): string | undefined => {
  const names = new Set(members.flatMap((member) => Object.keys(member.horizons)));
  const partial = [...names].filter((name) => members.some((member) => member.horizons[name] === undefined));
  return partial.length === 0
    ? undefined
    : `Saw a replica set member with a different horizon mapping than the others.  The following horizons were not universally present: ${partial.join(', ')}`;
};

const checkCounts = (config: ReplicaSetConfig): string | undefined => {
  const { members } = config;
  const local = members.filter((member) => isLocalhost(member.host)).length;
  if (local !== 0 && local !== members.length) {
    return `Either all host names in a replica set configuration must be localhost references, or none must be; found ${local} out of ${members.length}`;
  }
  const voters = members.filter((member) => member.votes > 0).length;
  if (voters === 0 || voters > maxVoters) {
    return `Replica set configuration contains ${voters} voting members, but must be at least 1 and no more than ${maxVoters}`;
  }
  if (!members.some(isElectable)) {
    return 'Replica set configuration must contain at least one non-arbiter member with priority > 0';
  }
  return undefined;
};

const checkDefaults = (config: ReplicaSetConfig): string | undefined => {
  const { getLastErrorDefaults: defaults, getLastErrorModes: modes } = config.settings;
  const prefix = "Found invalid default write concern in 'getLastErrorDefaults' field :: caused by :: ";
  const w = readNumber(defaults, 'w');
  if (w === 0) return 'Default write concern mode must wait for at least 1 member';
  if (w !== undefined && w > config.members.filter((member) => !member.arbiterOnly).length) {
    return `${prefix}Not enough data-bearing nodes`;
  }
  const mode = readString(defaults, 'w');
  if (mode !== undefined && mode !== 'majority' && !(mode in modes)) {
    return `${prefix}No write concern mode named '${mode}' found in replica set configuration`;
  }
  return undefined;
};

const checkProtocol = (config: ReplicaSetConfig): string | undefined => {
  if (config.protocolVersion === 0) {
    return 'Support for replication protocol version 0 was removed in MongoDB 4.0. Downgrade to MongoDB version 3.6 and upgrade your protocol version to 1 before upgrading your MongoDB version';
  }
  if (config.protocolVersion !== 1) {
    return `protocolVersion of 1 is the only supported value. Found: ${config.protocolVersion}`;
  }
  return config.configsvr
    ? 'Nodes being used for config servers must be started with the --configsvr flag'
    : undefined;
};

/**
 * Checks the rules one configuration must keep (S5, S6, S25).
 * @throws ConfigError with the server's words for the first rule broken.
 */
export const validateConfig = (config: ReplicaSetConfig, dialect: Dialect): void => {
  const { members, version } = config;
  const complaint =
    (version < 1 || version > maxVersion ? `version field value of ${version} is out of range` : undefined) ??
    (members.length === 0 || members.length > maxMembers
      ? `Replica set configuration contains ${members.length} members, but must have at least 1 and no more than  ${maxMembers}`
      : undefined) ??
    members.map((member) => checkMember(member, dialect)).find((found) => found !== undefined) ??
    checkPairs(members) ??
    checkHorizons(members) ??
    checkCounts(config) ??
    checkDefaults(config) ??
    checkProtocol(config);
  if (complaint !== undefined) throw new ConfigError(complaint);
};

const checkMemberChanges = (before: ReplicaSetConfig, after: ReplicaSetConfig): string | undefined => {
  for (const member of after.members) {
    const old = before.members.find((known) => known.host === member.host);
    if (old === undefined) continue;
    if (old.id !== member.id) {
      return `New and old configurations both have members with host of ${member.host} but in the new configuration the _id field is ${member.id} and in the old configuration it is ${old.id} for replica set ${after.setName}`;
    }
    const field = (['arbiterOnly', 'buildIndexes'] as const).find((name) => old[name] !== member[name]);
    if (field !== undefined) {
      return `New and old configurations differ in the setting of the ${field} field for member ${member.host}; to make this change, remove then re-add the member`;
    }
  }
  return undefined;
};

const votingChange = (before: ReplicaSetConfig, after: ReplicaSetConfig): number => {
  const votersOf = (config: ReplicaSetConfig): Set<number> =>
    new Set(config.members.filter(isVoter).map((member) => member.id));
  const old = votersOf(before);
  const now = votersOf(after);
  return [...old].filter((id) => !now.has(id)).length + [...now].filter((id) => !old.has(id)).length;
};

/**
 * Checks that `after` may follow `before`. From 4.4 on a change that is not forced moves at most one vote (S1).
 * @throws ConfigError with the server's words.
 */
export const validateChange = (
  before: ReplicaSetConfig,
  after: ReplicaSetConfig,
  force: boolean,
  dialect: Dialect,
): void => {
  if (after.version <= before.version) {
    throw new ConfigError(
      `New replica set configuration version must be greater than old, but ${after.version} is not greater than ${before.version} for replica set ${after.setName}`,
    );
  }
  const oldId = before.settings.replicaSetId;
  const newId = after.settings.replicaSetId;
  if (oldId !== undefined && newId !== undefined && !oldId.equals(newId)) {
    throw new ConfigError(
      `New and old configurations differ in replica set ID; old was ${oldId.toHexString()}, and new is ${newId.toHexString()}`,
    );
  }
  const complaint = checkMemberChanges(before, after);
  if (complaint !== undefined) throw new ConfigError(complaint);
  if (!force && dialect.safeReconfig && votingChange(before, after) > 1) {
    throw new ConfigError('Non force replica set reconfig can only add or remove at most 1 voting member.');
  }
};

/** Runs a check and turns its complaint into a refusal with this code. */
export const refuseWith = (code: 93 | 103, check: () => void): void => {
  try {
    check();
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(code, error.message);
    throw error;
  }
};

/**
 * Checks where this process stands in a configuration.
 * `selves`: indexes of the members that are this process. `electable`: it must be able to be primary.
 * @throws ConfigError when it is nowhere, twice, or not electable.
 */
export const findSelf = (config: ReplicaSetConfig, selves: readonly number[], electable: boolean): number => {
  const [index, second] = selves;
  const member = index === undefined ? undefined : config.members[index];
  if (index === undefined || member === undefined) {
    throw new ConfigError(
      `No host described in new configuration ${config.version} for replica set ${config.setName} maps to this node`,
    );
  }
  if (second !== undefined) {
    throw new ConfigError(
      `The hosts ${member.host} and ${config.members[second]?.host ?? ''} all map to this node in new configuration version ${config.version} for replica set ${config.setName}`,
    );
  }
  if (electable && !isElectable(member)) {
    throw new ConfigError(
      `This node, ${member.host}, with _id ${member.id} is not electable under the new configuration version ${config.version} for replica set ${config.setName}`,
    );
  }
  return index;
};

/** The implicit default write concern of 5.0 and later: majority unless arbiters make that unsafe (S17). */
export const impliesMajority = (config: ReplicaSetConfig): boolean => {
  const arbiters = config.members.filter((member) => member.arbiterOnly).length;
  const dataVoters = config.members.filter((member) => isVoter(member) && !member.arbiterOnly).length;
  return !(arbiters > 0 && dataVoters <= majorityOf(config));
};

/** Whether a configuration replaces another: by term first where configurations have terms, then by version. */
export const isNewerConfig = (config: ReplicaSetConfig, than: ReplicaSetConfig): boolean =>
  config.term >= 0 && than.term >= 0 && config.term !== than.term
    ? config.term > than.term
    : config.version > than.version;
