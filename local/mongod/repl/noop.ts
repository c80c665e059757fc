import type { Member } from './member';

const intervalMs = 10_000;
const toleranceMs = 500;

/** While primary in this term: writes a no-op whenever nothing was written for ten seconds, so that lag stays visible. */
export const writeNoops = (member: Member, term: number): void => {
  setTimeout(() => {
    if (!member.topology.isLeaderIn(term) || member.stopped) return;
    const idleMs = Date.now() - member.engine.lastAppliedWall.getTime();
    const isIdle = idleMs >= intervalMs - toleranceMs && member.topology.others().length > 0;
    if (isIdle && member.isWritable) member.write({ op: 'n', ns: '', o: { msg: 'periodic noop' } });
    writeNoops(member, term);
  }, intervalMs).unref();
};
