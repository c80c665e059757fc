import { Binary } from 'bson';
import { type Doc, readBytes, readDoc, readNumber } from '../doc';
import type { OpTime } from '../optime';
import type { OplogEntry } from './oplog';

/** What a statement of a retryable write left behind, to answer it again without doing it again. */
export interface DoneStatement {
  readonly optime: OpTime;
  readonly entry: Doc;
}

interface Session {
  txnNumber: number;
  readonly statements: Map<number, DoneStatement>;
}

/** The key of a logical session: its id and the digest of its user. */
export const sessionKey = (lsid: Doc): string => {
  const id = readBytes(lsid, 'id')?.toString('hex') ?? '';
  return `${id}-${readBytes(lsid, 'uid')?.toString('hex') ?? ''}`;
};

/** As the server prints a session in its messages: `<uuid> - <base64 digest>`. */
export const printSession = (lsid: Doc): string => {
  const id = lsid['id'];
  const uuid = id instanceof Binary ? id.toUUID().toHexString() : '';
  return `${uuid} - ${readBytes(lsid, 'uid')?.toString('base64') ?? ''}`;
};

/** Statements done by retryable writes, known from the oplog: so they survive a failover. */
export class SessionTable {
  private readonly sessions = new Map<string, Session>();

  /** The highest transaction number seen in a session; undefined for a new session. */
  txnNumber(key: string): number | undefined {
    return this.sessions.get(key)?.txnNumber;
  }

  done(key: string, txnNumber: number, statement: number): DoneStatement | undefined {
    const session = this.sessions.get(key);
    return session?.txnNumber === txnNumber ? session.statements.get(statement) : undefined;
  }

  /** Notes an oplog entry that carries `lsid`, `txnNumber`, `stmtId`. */
  learn(entry: OplogEntry): void {
    const lsid = readDoc(entry.doc, 'lsid');
    const txnNumber = readNumber(entry.doc, 'txnNumber');
    const statement = readNumber(entry.doc, 'stmtId');
    if (lsid === undefined || txnNumber === undefined || statement === undefined) return;
    const key = sessionKey(lsid);
    let session = this.sessions.get(key);
    if (session === undefined || session.txnNumber < txnNumber) {
      session = { txnNumber, statements: new Map() };
      this.sessions.set(key, session);
    }
    if (session.txnNumber === txnNumber) {
      session.statements.set(statement, { optime: entry.optime, entry: entry.doc });
    }
  }

  rebuild(entries: Iterable<OplogEntry>): void {
    this.sessions.clear();
    for (const entry of entries) this.learn(entry);
  }
}
