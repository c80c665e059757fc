import { type Doc, isDoc, readDoc, readNumber, readString } from '../doc';
import { CommandError } from '../error';
import { compareOpTimes, readTimestamp } from '../optime';
import { memberState } from '../repl/member-state';
import type { Context } from '../server/context';

/** Documents of collections that are not stored as such: the oplog, the stored configuration, the last vote. */
const virtualDocs = (context: Context, namespace: string): Doc[] | undefined => {
  const { engine } = context.core;
  switch (namespace) {
    case 'local.oplog.rs':
      return engine.oplog.all().map(({ doc }) => doc);
    case 'local.system.replset':
      return engine.config === null ? [] : [engine.config];
    case 'local.replset.election':
      return [{ term: engine.lastVote.term, candidateIndex: engine.lastVote.candidateIndex }];
    default:
      return undefined;
  }
};

/** Refuses reads of the oplog where there is none yet. */
const refuseOplog = ({ core }: Context): void => {
  const state = core.member?.topology.state;
  if (state === memberState.startup || state === memberState.rollback) {
    throw new CommandError(
      13436,
      'Oplog collection reads are not allowed while in the rollback or startup state.',
    );
  }
};

/** The documents a read sees, by its read concern. */
export const documentsOf = (context: Context, collection: string): Doc[] => {
  const namespace = `${context.database}.${collection}`;
  if (namespace === 'local.oplog.rs') refuseOplog(context);
  const virtual = virtualDocs(context, namespace);
  if (virtual !== undefined) return virtual;
  const { engine, member } = context.core;
  const level = readString(readDoc(context.command, 'readConcern') ?? {}, 'level');
  const majority = level === 'majority' || level === 'snapshot';
  if (majority && member !== undefined && context.database !== 'local') return engine.majorityView(namespace);
  return [...(engine.store.get(namespace)?.docs.values() ?? [])];
};

const levels = ['local', 'available', 'majority', 'linearizable', 'snapshot'];

const timeLeft = (context: Context): number => Math.min(context.deadline - Date.now(), 2_147_483_000);

const awaitClusterTime = async (context: Context, after: { secs: number; inc: number }): Promise<void> => {
  const { member, engine } = context.core;
  if (member === undefined) return;
  const isPast = (a: { secs: number; inc: number }): boolean =>
    a.secs > after.secs || (a.secs === after.secs && a.inc >= after.inc);
  const newest = member.topology
    .others()
    .map(({ data }) => data.applied)
    .reduce((a, b) => (compareOpTimes(a, b) >= 0 ? a : b), engine.lastApplied);
  if (!isPast(newest) && after.secs > Math.floor(Date.now() / 1000) + 1) {
    throw new CommandError(
      72,
      `readConcern afterClusterTime value must not be greater than the current clusterTime. Requested clusterTime: { ts: Timestamp(${after.secs}, ${after.inc}) }; current clusterTime: { ts: Timestamp(${newest.secs}, ${newest.inc}) }`,
    );
  }
  const done = await member.bell.until(
    () => (isPast(engine.lastApplied) ? true : undefined),
    timeLeft(context),
  );
  if (done === undefined) throw new CommandError(50, 'operation exceeded time limit');
};

const confirmLinearizable = async (context: Context): Promise<void> => {
  const { member } = context.core;
  if (member === undefined) return;
  if (!member.isWritable) {
    throw new CommandError(10107, 'cannot satisfy linearizable read concern on non-primary node');
  }
  const optime = member.write({ op: 'n', ns: '', o: { msg: 'linearizable read' } });
  const { term } = member.topology;
  const done = await member.bell.until(() => {
    if (!member.topology.isLeaderIn(term)) return 'lost';
    return compareOpTimes(member.topology.commitPoint, optime) >= 0 ? 'done' : undefined;
  }, timeLeft(context));
  if (done === 'done') return;
  throw done === 'lost'
    ? new CommandError(10107, 'Primary stepped down while waiting for replication')
    : new CommandError(50, 'operation exceeded time limit');
};

/** Checks and waits for a read concern before the read. @throws CommandError 50, 72, 10107. */
export const awaitReadConcern = async (context: Context): Promise<void> => {
  const concern = context.command['readConcern'];
  if (!isDoc(concern)) return;
  const level = readString(concern, 'level');
  if (level !== undefined && !levels.includes(level)) {
    throw new CommandError(
      9,
      `Enumeration value '${level}' for field 'readConcern.level' is not a valid value.`,
    );
  }
  const after = readTimestamp(concern['afterClusterTime']);
  if (after !== undefined) await awaitClusterTime(context, after);
  if (level === 'linearizable') await confirmLinearizable(context);
};

/** A whole number of a field that must not be negative. */
export const countOf = (command: Doc, field: string): number => Math.abs(readNumber(command, field) ?? 0);
