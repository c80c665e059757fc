import { createHash } from 'node:crypto';
import { Binary, Long } from 'bson';
import { type Doc, readDoc, readNumber } from '../doc';
import { CommandError } from '../error';
import { type OpTime, nullOpTime, renderOpTime } from '../optime';
import { awaitWriteConcern, chooseWriteConcern, type WriteConcern } from '../repl/write-concern';
import type { Context } from '../server/context';
import type { Change } from '../storage/engine';
import { type DoneStatement, printSession, sessionKey } from '../storage/session-table';
import { electionId } from './hello';

/** Writes one change: through the oplog on a member, straight into the store elsewhere. */
export const write = (context: Context, change: Change): OpTime | undefined => {
  const { member, engine } = context.core;
  if (member === undefined || context.database === 'local') {
    engine.writeLocal(change);
    return undefined;
  }
  return member.write(change);
};

/** A session belongs to whoever is logged in: the server adds the digest of its name. */
const withOwner = ({ connection }: Context, lsid: Doc): Doc => {
  const owner = connection.principals.map(({ user, database }) => `${user}@${database}`).join('');
  return { id: lsid['id'], uid: lsid['uid'] ?? new Binary(createHash('sha256').update(owner).digest()) };
};

/** A retryable write's place: session, number and the statement it is about. */
export class Retry {
  private readonly key: string;

  private constructor(
    private readonly context: Context,
    private readonly lsid: Doc,
    private readonly txnNumber: number,
  ) {
    this.key = sessionKey(lsid);
  }

  /** @throws CommandError 225 when a newer transaction of the session has begun; 263 for a transaction. */
  static of(context: Context): Retry | undefined {
    const { command, core } = context;
    const given = readDoc(command, 'lsid');
    const lsid = given === undefined ? undefined : withOwner(context, given);
    const txnNumber = readNumber(command, 'txnNumber');
    if (command['autocommit'] === false || command['startTransaction'] === true) {
      throw new CommandError(263, 'this stand-in has no multi-document transactions: use a true mongod');
    }
    if (lsid === undefined || txnNumber === undefined) return undefined;
    if (core.member === undefined) {
      throw new CommandError(20, 'Transaction numbers are only allowed on a replica set member or mongos');
    }
    const seen = core.engine.sessions.txnNumber(sessionKey(lsid));
    if (seen !== undefined && txnNumber < seen) {
      throw new CommandError(
        225,
        `Cannot start transaction ${txnNumber} on session ${printSession(lsid)} because a newer transaction ${seen} has already started.`,
      );
    }
    return new Retry(context, lsid, txnNumber);
  }

  done(statement: number): DoneStatement | undefined {
    return this.context.core.engine.sessions.done(this.key, this.txnNumber, statement);
  }

  /** Fields for the oplog entry that does a statement; `more`: images for findAndModify. */
  mark(statement: number, more: Doc = {}): Doc {
    return {
      lsid: this.lsid,
      txnNumber: Long.fromNumber(this.txnNumber),
      stmtId: statement,
      prevOpTime: renderOpTime(nullOpTime),
      ...more,
    };
  }
}

/** The write concern of a command, read before anything is written so that a bad one changes nothing. */
export const concernOf = (context: Context): WriteConcern =>
  chooseWriteConcern(context.command, context.database === 'local' ? undefined : context.core.member);

/** `opTime` and `electionId` of a write reply. */
export const writeStamp = (context: Context, optime: OpTime | undefined): Doc => {
  const { member, engine } = context.core;
  if (member === undefined || context.database === 'local') return {};
  return { opTime: renderOpTime(optime ?? engine.lastApplied), ...electionId(member) };
};

/** Waits for the write concern; `{writeConcernError}` when it is not met. */
export const settle = async (
  context: Context,
  optime: OpTime | undefined,
  concern: WriteConcern,
): Promise<Doc> => {
  const { member, engine } = context.core;
  if (member === undefined || context.database === 'local') {
    if (concern.j) await engine.flush();
    return {};
  }
  const error = await awaitWriteConcern(member, optime ?? engine.lastApplied, concern);
  return error === undefined ? {} : { writeConcernError: error };
};
