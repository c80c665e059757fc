import { Long } from 'bson';
import { type Doc, isDoc, readDoc, readNumber } from '../doc';
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

/** What goes along with positions: a primary that learns of a newer term here steps down before it counts them. */
const renderView = (member: Member): Doc => {
  const { topology } = member;
  const { config, primaryIndex, term } = topology;
  const committed = renderOpTime(topology.commitPoint);
  return {
    term: Long.fromNumber(term),
    lastOpCommitted: committed,
    lastOpVisible: committed,
    configVersion: config?.version ?? -1,
    ...(config?.settings.replicaSetId === undefined ? {} : { replicaSetId: config.settings.replicaSetId }),
    primaryIndex,
    syncSourceIndex: config?.members.findIndex(({ host }) => host === topology.syncSource) ?? -1,
  };
};

/** Takes positions that another member reports. */
export const takePositions = (member: Member, command: Doc): void => {
  const term = readNumber(readDoc(command, '$replData') ?? {}, 'term');
  if (term !== undefined) member.perform(member.topology.updateTerm(term));
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
      const report = { replSetUpdatePosition: 1, optimes, $replData: renderView(member) };
      await member.link(source, 'report').run('admin', report, timeoutMs);
    } catch (error) {
      told = '';
      member.log('REPL', 'could not report the position', { source, error: messageOf(error) });
      await bell.next(1000);
    }
  }
};
