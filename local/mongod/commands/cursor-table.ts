import { randomInt } from 'node:crypto';
import { Long } from 'bson';
import type { Doc } from '../doc';
import type { OpTime } from '../optime';

/** What is left of a query: documents in store, or a place in the oplog for a tailable read. */
export type Cursor =
  | { readonly kind: 'list'; readonly namespace: string; docs: Doc[] }
  | {
      readonly kind: 'oplog';
      readonly namespace: string;
      next: { secs: number; inc: number };
      /** Last operation given; undefined while none was. */
      last: OpTime | undefined;
      readonly filter: Doc;
      known: OpTime;
    };

const idleMs = 600_000;

/** Open cursors by id. */
export class CursorTable {
  private readonly cursors = new Map<string, { cursor: Cursor; usedAt: number }>();

  add(cursor: Cursor): Long {
    this.forgetIdle();
    // Below 2^53, so that an id stays exact as a JavaScript number.
    const id = Long.fromNumber(randomInt(1, 2 ** 47));
    this.cursors.set(id.toString(), { cursor, usedAt: Date.now() });
    return id;
  }

  get(id: Long): Cursor | undefined {
    const found = this.cursors.get(id.toString());
    if (found === undefined) return undefined;
    found.usedAt = Date.now();
    return found.cursor;
  }

  remove(id: Long): boolean {
    return this.cursors.delete(id.toString());
  }

  /** Closes all reads that follow the oplog. */
  removeOplog(): void {
    for (const [id, { cursor }] of this.cursors) if (cursor.kind === 'oplog') this.cursors.delete(id);
  }

  get size(): number {
    return this.cursors.size;
  }

  private forgetIdle(): void {
    const limit = Date.now() - idleMs;
    for (const [id, { usedAt }] of this.cursors) if (usedAt < limit) this.cursors.delete(id);
  }
}
