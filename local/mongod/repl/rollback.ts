import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Doc, encodeDoc } from '../doc';
import { type OpTime, compareOpTimes, printOpTime, toTimestamp } from '../optime';
import type { Engine } from '../storage/engine';
import type { Undo } from '../storage/store';
import type { MemberLink } from '../wire/link';
import type { Member } from './member';
import { memberState } from './member-state';
import { findEntries } from './oplog-link';

const stepEntries = 500;

export interface RollbackBounds {
  readonly dbPath: string;
  readonly leastMs: number;
  readonly timeoutMs: number;
}

/** Histories that cannot be joined: mongod stops with exit code 14. */
export class RollbackError extends Error {}

const findCommonPoint = async (
  engine: Engine,
  link: MemberLink,
  timeoutMs: number,
): Promise<OpTime | undefined> => {
  const own = engine.oplog.all().reverse();
  for (let at = 0; at < own.length; at += stepEntries) {
    const step = own.slice(at, at + stepEntries);
    const theirs = await findEntries(
      link,
      step.map(({ optime }) => toTimestamp(optime)),
      timeoutMs,
    );
    const common = step.find(({ optime }) =>
      theirs.some((entry) => compareOpTimes(entry.optime, optime) === 0),
    );
    if (common !== undefined) return common.optime;
  }
  return undefined;
};

/** The documents as they are now that a rollback is about to change. */
const documentsAtRisk = (engine: Engine, undos: readonly Undo[]): Map<string, Doc[]> => {
  const risk = new Map<string, Map<string, Doc>>();
  for (const undo of undos) {
    if (undo.kind !== 'document') continue;
    const doc = engine.store.get(undo.namespace)?.get(undo.id);
    if (doc === undefined) continue;
    const docs = risk.get(undo.namespace) ?? new Map<string, Doc>();
    risk.set(undo.namespace, docs.set(JSON.stringify(undo.id), doc));
  }
  return new Map([...risk].map(([namespace, docs]) => [namespace, [...docs.values()]]));
};

/** Keeps what a rollback removed, as mongod does: `rollback/<namespace>/removed.<date>.<n>.bson`. */
const writeRollbackFiles = (dbPath: string, docs: Map<string, Doc[]>): void => {
  const date = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  let number = 0;
  for (const [namespace, removed] of docs) {
    const folder = join(dbPath, 'rollback', namespace);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `removed.${date}.${number}.bson`), Buffer.concat(removed.map(encodeDoc)));
    number += 1;
  }
};

/**
 * Takes back what the source's history does not hold.
 * @throws RollbackError when no common point is left, or it lies before what a majority held.
 */
export const rollBack = async (
  member: Member,
  link: MemberLink,
  { dbPath, leastMs, timeoutMs }: RollbackBounds,
): Promise<void> => {
  const { engine, log } = member;
  const started = Date.now();
  member.setFollowerState(memberState.rollback);
  member.onDropClients();
  log('ROLLBACK', 'Starting rollback due to a diverged oplog', { source: link.host });
  const common = await findCommonPoint(engine, link, timeoutMs);
  if (common === undefined)
    throw new RollbackError('no common point with the sync source is left in the oplog');
  if (!engine.canRollBack(common)) {
    throw new RollbackError(
      `common point ${printOpTime(common)} lies before the stable timestamp; resync this member`,
    );
  }
  // On disk before they are taken out, so that a crash in between loses none of them.
  writeRollbackFiles(dbPath, documentsAtRisk(engine, engine.undosAfter(common)));
  const entries = engine.rollBack(common);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, started + leastMs - Date.now())));
  log('ROLLBACK', 'Rollback complete', {
    common: printOpTime(common),
    entries: entries.length,
    rbid: engine.rollbackId,
  });
  member.setFollowerState(memberState.recovering);
  member.setFollowerState(memberState.secondary);
};
