import { Double, Long } from 'bson';
import type { Doc } from '../doc';
import type { Dialect } from '../options/dialect';
import { type MemberConfig, type ReplicaSetConfig, delayField } from './config';

const renderMember = (member: MemberConfig, dialect: Dialect): Doc => ({
  _id: member.id,
  host: member.host,
  arbiterOnly: member.arbiterOnly,
  buildIndexes: member.buildIndexes,
  hidden: member.hidden,
  priority: dialect.safeReconfig ? member.priority : new Double(member.priority),
  tags: member.tags,
  ...(Object.keys(member.horizons).length > 0 ? { horizons: member.horizons } : {}),
  ...(member.newlyAdded ? { newlyAdded: true } : {}),
  [delayField(dialect)]: Long.fromNumber(member.delaySecs),
  votes: member.votes,
});

const sortByName = (modes: Doc): Doc =>
  Object.fromEntries(Object.entries(modes).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The configuration as it is stored and sent to members; replSetGetConfig shows it without newlyAdded. */
export const renderConfig = (config: ReplicaSetConfig, dialect: Dialect): Doc => {
  const rest: Doc = {
    protocolVersion: Long.fromNumber(config.protocolVersion),
    writeConcernMajorityJournalDefault: config.writeConcernMajorityJournalDefault,
  };
  const members = config.members.map((member) => renderMember(member, dialect));
  const { settings } = config;
  return {
    _id: config.setName,
    version: config.version,
    ...(dialect.safeReconfig
      ? { ...(config.term < 0 ? {} : { term: config.term }), members, ...rest }
      : { ...rest, members }),
    settings: {
      chainingAllowed: settings.chainingAllowed,
      heartbeatIntervalMillis: settings.heartbeatIntervalMillis,
      heartbeatTimeoutSecs: settings.heartbeatTimeoutSecs,
      electionTimeoutMillis: settings.electionTimeoutMillis,
      catchUpTimeoutMillis: settings.catchUpTimeoutMillis,
      catchUpTakeoverDelayMillis: settings.catchUpTakeoverDelayMillis,
      getLastErrorModes: sortByName(settings.getLastErrorModes),
      getLastErrorDefaults: settings.getLastErrorDefaults,
      ...(settings.replicaSetId === undefined ? {} : { replicaSetId: settings.replicaSetId }),
    },
  };
};
