import { compareOpTimes } from '../optime';
import { featureVersionId, featureVersionNamespace, storedFeatureVersion } from '../storage/feature-version';
import type { Member } from './member';
import { writeNoops } from './noop';

/** How long a new primary drains before it is writable, ms: measured on a real server, one member and several. */
const drainMs = { alone: 1000, together: 1000, spread: 900 };

/** From 4.4 on the configuration carries the term of the primary that has it; one without a term stays so. */
const stampTerm = async (member: Member, term: number): Promise<void> => {
  const { config, selfIndex } = member.topology;
  if (!member.dialect.safeReconfig || config === null || config.term < 0 || config.term === term) return;
  await member.install({ ...config, term }, selfIndex);
};

const ensureFeatureVersion = (member: Member): void => {
  const { engine, dialect, topology } = member;
  if (storedFeatureVersion(engine.store) !== undefined) return;
  const o = { _id: featureVersionId, version: dialect.release };
  member.writeAs({ op: 'i', ns: featureVersionNamespace, o }, topology.term);
};

/** The drain is over: writes are taken from now on. */
const openForWrites = (member: Member): void => {
  const { topology } = member;
  member.writeAs({ op: 'n', ns: '', o: { msg: 'new primary' } }, topology.term);
  topology.writable = true;
  member.log('REPL', 'transition to primary complete; database writes are now permitted');
  writeNoops(member, topology.term);
  member.positionMoved();
  member.changed();
};

/** Lets a newly elected primary hear all members, catch up with any that is ahead, and open for writes. */
export const drain = async (member: Member, term: number): Promise<void> => {
  const { topology, engine, bell } = member;
  const started = Date.now();
  const catchUp = topology.config?.settings.catchUpTimeoutMillis ?? 0;
  const others = topology.others().length;
  const limit = others === 0 || catchUp === 0 ? 0 : catchUp < 0 ? Infinity : catchUp;
  const isOver = (): boolean => !topology.isLeaderIn(term) || member.stopped;
  const isBehind = (): boolean =>
    topology
      .others()
      .some(({ data }) => data.health === 1 && compareOpTimes(data.applied, engine.lastApplied) > 0);
  // A member that is frozen holds this up until its heartbeat times out: so it was seen on a real server.
  const heardAll = (): boolean =>
    topology
      .others()
      .every(({ data }) => data.health !== 1 || (data.triedSince === 0 && data.lastHeartbeat >= started));
  await bell.until(() => (isOver() || heardAll() ? true : undefined), limit);
  await bell.until(() => (isOver() || topology.catchUpAborted || !isBehind() ? true : undefined), limit);
  const least = others === 0 ? drainMs.alone : drainMs.together + Math.random() * drainMs.spread;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, started + least - Date.now())));
  if (isOver()) return;
  await stampTerm(member, term);
  if (isOver()) return;
  openForWrites(member);
  ensureFeatureVersion(member);
};
