import { type Doc, isDoc, readNumber } from '../doc';
import { messageOf } from '../error';
import { parseOpTime, renderOpTime } from '../optime';
import type { Member } from './member';
import { memberState } from './member-state';

const timeoutMs = 10_000;

const renderPositions = (member: Member): Doc[] => {
  const { topology, engine } = member;
  const version = topology.config?.version ?? -1;
  const positions = topology
    .others()
    .filter(({ member: other, data }) => !other.arbiterOnly && data.applied.secs > 0)
    .map(({ member: other, data }) => ({ id: other.id, applied: data.applied, durable: data.durable }));
  const { self } = topology;
  if (self !== undefined) {
    positions.push({ id: self.id, applied: engine.lastApplied, durable: engine.lastDurable });
  }
  return positions.map(({ id, applied, durable }) => ({
    durableOpTime: renderOpTime(durable),
    appliedOpTime: renderOpTime(applied),
    memberId: id,
    cfgver: version,
  }));
};

/** Takes positions that another member reports. */
export const takePositions = (member: Member, command: Doc): void => {
  const list = command['optimes'];
  for (const position of Array.isArray(list) ? list : []) {
    if (!isDoc(position)) continue;
    const id = readNumber(position, 'memberId') ?? -1;
    const applied = parseOpTime(position['appliedOpTime']);
    member.topology.takePosition(id, applied, parseOpTime(position['durableOpTime']), Date.now());
  }
  member.positionMoved();
};

/** Tells the sync source how far this member, and those that sync from it, have got: after each move, else now and then. */
export const reportPositions = async (member: Member): Promise<void> => {
  const { topology, bell } = member;
  let told = '';
  let toldAt = 0;
  while (!member.stopped) {
    const source = topology.syncSource;
    const keepAliveMs = (topology.config?.settings.electionTimeoutMillis ?? 10_000) / 2;
    const mayTell = source !== '' && topology.state !== memberState.startup2 && topology.role !== 'leader';
    const optimes = mayTell ? renderPositions(member) : [];
    const fingerprint = mayTell ? `${source} ${JSON.stringify(optimes)}` : '';
    const left = toldAt + keepAliveMs - Date.now();
    if (!mayTell || (fingerprint === told && left > 0)) {
      await bell.next(mayTell ? left : 3_600_000);
      continue;
    }
    told = fingerprint;
    toldAt = Date.now();
    try {
      await member.link(source, 'report').run('admin', { replSetUpdatePosition: 1, optimes }, timeoutMs);
    } catch (error) {
      told = '';
      member.log('REPL', 'could not report the position', { source, error: messageOf(error) });
      await bell.next(1000);
    }
  }
};
