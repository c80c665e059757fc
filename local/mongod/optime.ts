import { Long, Timestamp } from 'bson';
import { type Doc, isDoc, readNumber } from './doc';

/** Place of an operation in the set's history. `secs` seconds since 1970, `inc` order within the second, term -1: none. */
export interface OpTime {
  readonly secs: number;
  readonly inc: number;
  readonly term: number;
}

export const nullOpTime: OpTime = { secs: 0, inc: 0, term: -1 };

/** Order of two operations: by term first, then by timestamp. */
export const compareOpTimes = (a: OpTime, b: OpTime): number =>
  a.term - b.term || a.secs - b.secs || a.inc - b.inc;

export const isNullOpTime = (optime: OpTime): boolean => optime.secs === 0 && optime.inc === 0;

export const maxOpTime = (a: OpTime, b: OpTime): OpTime => (compareOpTimes(a, b) >= 0 ? a : b);

export const toTimestamp = (optime: { secs: number; inc: number }): Timestamp =>
  new Timestamp({ t: optime.secs, i: optime.inc });

export const readTimestamp = (value: unknown): { secs: number; inc: number } | undefined =>
  value instanceof Timestamp ? { secs: value.t, inc: value.i } : undefined;

/** `{ts, t}` as status documents carry it. */
export const renderOpTime = (optime: OpTime): Doc => ({
  ts: toTimestamp(optime),
  t: Long.fromNumber(optime.term),
});

/** Reads `{ts, t}`; anything else gives the null optime. */
export const parseOpTime = (value: unknown): OpTime => {
  if (!isDoc(value)) return nullOpTime;
  const ts = readTimestamp(value['ts']);
  return ts === undefined ? nullOpTime : { ...ts, term: readNumber(value, 't') ?? -1 };
};

export const printOpTime = (optime: OpTime): string =>
  `{ ts: Timestamp(${optime.secs}, ${optime.inc}), t: ${optime.term} }`;
