import { ObjectId } from 'bson';
import type { Doc } from '../doc';
import { CommandError } from '../error';
import { type MemberConfig, type ReplicaSetConfig, parseConfig } from './config';
import { findSelf, impliesMajority, refuseWith, validateChange, validateConfig } from './config-rules';
import type { Member } from './member';
import { stateName } from './member-state';
import { isCommitted } from './newly-added';
import { checkInitiation, checkQuorum } from './quorum';
import { locateSelf } from './self';
import { storedDefaults } from './write-concern';

/** Forced configurations jump ahead by 10 000 to 110 000 versions (S4). */
const forcedJump = { least: 10_000, spread: 100_000 };

/** Initiates a set (replSetInitiate). @throws CommandError 23, 74, 93, 103 with the server's words. */
export const initiate = async (member: Member, doc: Doc): Promise<void> => {
  const { engine, topology, dialect } = member;
  const refuseIfInitialized = (): void => {
    if (topology.config !== null || engine.config !== null) throw new CommandError(23, 'already initialized');
  };
  refuseIfInitialized();
  const config = parseConfig(doc, dialect, true);
  if (config.setName !== member.setName) {
    throw new CommandError(
      93,
      `Attempting to initiate a replica set with name ${config.setName}, but command line reports ${member.setName}; rejecting`,
    );
  }
  refuseWith(93, () => validateConfig(config, dialect));
  if (config.version !== 1) {
    throw new CommandError(
      93,
      `Configuration used to initiate a replica set must  have version 1, but found ${config.version}`,
    );
  }
  const selves = await locateSelf(member, config, false);
  let selfIndex = -1;
  refuseWith(93, () => {
    selfIndex = findSelf(config, selves, true);
  });
  await checkInitiation(member, config, selfIndex);
  refuseIfInitialized();
  const whole: ReplicaSetConfig = {
    ...config,
    term: dialect.safeReconfig ? 0 : -1,
    settings: { ...config.settings, replicaSetId: new ObjectId() },
  };
  member.writeAs({ op: 'n', ns: '', o: { msg: 'initiating set' } }, -1);
  await member.install(whole, selfIndex);
};

/** `{members: [self]}`, what replSetInitiate without a document initiates. */
export const defaultConfig = (member: Member, ownHost: string): Doc => ({
  _id: member.setName,
  version: 1,
  members: [{ _id: 0, host: ownHost }],
});

const refuseName = (member: Member, config: ReplicaSetConfig): void => {
  if (config.setName === member.setName) return;
  throw new CommandError(
    93,
    `Attempting to reconfigure a replica set with name ${config.setName}, but command line reports ${member.setName}; rejecting`,
  );
};

/** 5.0 and later: voters that join have no vote until they are SECONDARY (S10). */
const markNewlyAdded = (before: ReplicaSetConfig, after: ReplicaSetConfig): ReplicaSetConfig => ({
  ...after,
  members: after.members.map((known): MemberConfig => {
    const old = before.members.find(({ id, host }) => id === known.id && host === known.host);
    const joins = old === undefined && known.votes > 0 && !known.arbiterOnly;
    return { ...known, newlyAdded: joins || (old?.newlyAdded ?? false) };
  }),
});

const refuseImplicitChange = (member: Member, before: ReplicaSetConfig, after: ReplicaSetConfig): void => {
  if (!member.dialect.implicitMajority || 'defaultWriteConcern' in (storedDefaults(member) ?? {})) return;
  if (impliesMajority(before) === impliesMajority(after)) return;
  throw new CommandError(
    103,
    'Reconfig attempted to install a config that would change the implicit default write concern. Use the setDefaultRWConcern command to set a cluster-wide write concern and try the reconfig again.',
  );
};

const refuseUncommitted = (member: Member, before: ReplicaSetConfig): void => {
  if (!member.dialect.safeReconfig || isCommitted(member)) return;
  throw new CommandError(
    308,
    `Cannot run replSetReconfig because the current config: {version: ${before.version}, term: ${before.term}} is not majority committed.`,
  );
};

const expired = (): CommandError => new CommandError(50, 'operation exceeded time limit');

export interface ReconfigRequest {
  readonly doc: Doc;
  readonly force: boolean;
  /** ms since 1970; Infinity: no limit. */
  readonly deadline: number;
}

/** Changes the configuration (replSetReconfig). @throws CommandError with the server's words; 50 after the time limit (S3). */
export const reconfigure = async (member: Member, request: ReconfigRequest): Promise<void> => {
  const { topology, dialect, engine } = member;
  const { force } = request;
  const before = topology.config;
  if (before === null) throw new CommandError(94, 'no replset config has been received');
  if (!force && !member.isWritable) {
    throw new CommandError(
      10107,
      `replSetReconfig should only be run on ${dialect.safeReconfig ? 'a writable PRIMARY. Current state' : 'PRIMARY, but my state is'} ${stateName(topology.state)}${dialect.safeReconfig ? ';' : '; use the "force" argument to override'}`,
    );
  }
  const parsed = parseConfig(request.doc, dialect, false);
  refuseName(member, parsed);
  if (!force) refuseUncommitted(member, before);
  const jump = force ? forcedJump.least + Math.floor(Math.random() * forcedJump.spread) : 0;
  const version = force ? Math.max(before.version, parsed.version) + jump : parsed.version;
  const term = !dialect.safeReconfig || force ? -1 : topology.term;
  const numbered: ReplicaSetConfig = {
    ...parsed,
    version,
    term,
    settings: {
      ...parsed.settings,
      replicaSetId: parsed.settings.replicaSetId ?? before.settings.replicaSetId,
    },
  };
  const after = dialect.implicitMajority && !force ? markNewlyAdded(before, numbered) : numbered;
  refuseWith(103, () => {
    validateConfig(after, dialect);
    validateChange(before, after, force, dialect);
  });
  if (!force) refuseImplicitChange(member, before, after);
  const selves = await locateSelf(member, after, false);
  let selfIndex = -1;
  refuseWith(103, () => {
    selfIndex = findSelf(after, selves, !force);
  });
  if (!force) await checkQuorum(member, after, selfIndex);
  if (Date.now() > request.deadline) throw expired();
  if (topology.config !== before)
    throw new CommandError(
      109,
      'Cannot run replSetReconfig because the node is currently updating its configuration',
    );
  if (!force && !member.isWritable) throw new CommandError(10107, 'stepped down during replSetReconfig');
  if (member.isWritable)
    member.write({ op: 'n', ns: '', o: { msg: 'Reconfig set', version: after.version } });
  topology.dropSnapshot();
  await member.install(after, selfIndex);
  await engine.flush();
  if (!force && dialect.safeReconfig) await awaitCommitment(member, request.deadline);
};

const awaitCommitment = async (member: Member, deadline: number): Promise<void> => {
  const left = Math.min(deadline - Date.now(), 2_147_483_000);
  const done = await member.bell.until(
    () => (isCommitted(member) || !member.isWritable || member.stopped ? true : undefined),
    left,
  );
  if (done === undefined) throw expired();
};
