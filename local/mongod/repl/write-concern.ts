import { type Doc, isDoc, isTruthy, readDoc, toNumber } from '../doc';
import { CommandError, codeName } from '../error';
import { type OpTime, compareOpTimes } from '../optime';
import { impliesMajority } from './config-rules';
import type { Member } from './member';

/** A write concern. `wtimeout` ms, 0: no limit. */
export interface WriteConcern {
  readonly w: number | string;
  readonly j: boolean;
  readonly wtimeout: number;
}

const fields = ['w', 'j', 'wtimeout', 'fsync', 'provenance', 'wOpTime', 'wElectionId', 'getLastError'];

/** @throws CommandError 9 on an unknown field or a wrong type. */
export const parseWriteConcern = (doc: Doc): WriteConcern => {
  const unknown = Object.keys(doc).find((field) => !fields.includes(field));
  if (unknown !== undefined) throw new CommandError(9, `unrecognized write concern field: ${unknown}`);
  const w = doc['w'] ?? 1;
  const wtimeout = toNumber(doc['wtimeout'] ?? 0);
  if (wtimeout === undefined) throw new CommandError(9, 'wtimeout must be a number');
  if (typeof w === 'string') return { w, j: isTruthy(doc['j']), wtimeout: Math.max(0, wtimeout) };
  const count = toNumber(w);
  if (count === undefined) throw new CommandError(9, 'w has to be a number or a string');
  return { w: count, j: isTruthy(doc['j']), wtimeout: Math.max(0, wtimeout) };
};

/** What setDefaultRWConcern stored; undefined when it never ran. */
export const storedDefaults = (member: Member): Doc | undefined =>
  member.engine.store.get('config.settings')?.get('ReadWriteConcernDefaults');

/** The write concern a command without one gets. */
export const defaultWriteConcern = (member: Member | undefined): WriteConcern => {
  const plain = { w: 1, j: false, wtimeout: 0 };
  const config = member?.topology.config;
  if (member === undefined || config === null || config === undefined) return plain;
  const stored = member.dialect.safeReconfig ? storedDefaults(member) : undefined;
  const set = readDoc(stored ?? {}, 'defaultWriteConcern');
  if (set !== undefined) return parseWriteConcern(set);
  if (!member.dialect.implicitMajority) return parseWriteConcern(config.settings.getLastErrorDefaults);
  return impliesMajority(config) ? { w: 'majority', j: false, wtimeout: 0 } : plain;
};

export const chooseWriteConcern = (command: Doc, member: Member | undefined): WriteConcern => {
  const given = command['writeConcern'];
  return isDoc(given) && Object.keys(given).length > 0
    ? parseWriteConcern(given)
    : defaultWriteConcern(member);
};

const concernError = (code: number, errmsg: string, modern: boolean, more: Doc = {}): Doc => ({
  code,
  codeName: codeName(code, modern),
  errmsg,
  ...more,
});

const cannotBeSatisfied = (member: Member, concern: WriteConcern): Doc | undefined => {
  const { config } = member.topology;
  const modern = member.dialect.safeReconfig;
  if (config === null) return undefined;
  if (typeof concern.w === 'number') {
    const bearing = config.members.filter((known) => !known.arbiterOnly).length;
    return concern.w > bearing ? concernError(100, 'Not enough data-bearing nodes', modern) : undefined;
  }
  if (concern.w === 'majority' || concern.w in config.settings.getLastErrorModes) return undefined;
  return concernError(
    79,
    `No write concern mode named '${concern.w}' found in replica set configuration`,
    modern,
  );
};

const isSatisfied = (member: Member, optime: OpTime, concern: WriteConcern): boolean => {
  const { topology, engine } = member;
  if (concern.w === 'majority') return compareOpTimes(topology.commitPoint, optime) >= 0;
  const own = concern.j ? engine.lastDurable : engine.lastApplied;
  if (compareOpTimes(own, optime) < 0) return false;
  const holders = topology
    .others()
    .filter(
      ({ member: other, data }) =>
        !other.arbiterOnly && compareOpTimes(concern.j ? data.durable : data.applied, optime) >= 0,
    )
    .map(({ member: other }) => other);
  if (typeof concern.w === 'number') return holders.length + 1 >= concern.w;
  const constraint = topology.config?.settings.getLastErrorModes[concern.w] ?? {};
  const all = topology.self === undefined ? holders : [...holders, topology.self];
  return Object.entries(constraint).every(
    ([tag, count]) =>
      new Set(all.map(({ tags }) => tags[tag]).filter((value) => value !== undefined)).size >= count,
  );
};

/** Waits until a write is where the concern wants it. The `writeConcernError` of the reply; undefined when satisfied. */
export const awaitWriteConcern = async (
  member: Member,
  optime: OpTime,
  concern: WriteConcern,
): Promise<Doc | undefined> => {
  const modern = member.dialect.safeReconfig;
  const impossible = cannotBeSatisfied(member, concern);
  if (impossible !== undefined) return impossible;
  if (typeof concern.w === 'number' && concern.w <= 1) {
    if (concern.j) await member.engine.flush();
    return undefined;
  }
  const { term } = member.topology;
  const settled = await member.bell.until(
    () => {
      if (member.stopped) return 'shutdown';
      // Asked first: what others hold says nothing about this write once another term has begun.
      if (!member.topology.isLeaderIn(term)) return 'stepped down';
      return isSatisfied(member, optime, concern) ? 'done' : undefined;
    },
    concern.wtimeout > 0 ? concern.wtimeout : 2_147_483_000,
  );
  switch (settled) {
    case 'done':
      return undefined;
    case 'shutdown':
      return concernError(11600, 'interrupted at shutdown', modern);
    case 'stepped down':
      return concernError(11602, 'operation was interrupted', modern);
    case undefined:
      return concernError(64, 'waiting for replication timed out', modern, { errInfo: { wtimeout: true } });
  }
};
