import { type OpTime, compareOpTimes } from '../optime';
import type { Undo } from './store';

interface Undoable {
  readonly optime: OpTime;
  readonly undos: readonly Undo[];
}

/** How to take back each operation that no majority is known to hold yet, oldest first. */
export class UndoLog {
  private entries: Undoable[] = [];

  add(optime: OpTime, undos: readonly Undo[]): void {
    this.entries.push({ optime, undos });
  }

  all(): readonly Undoable[] {
    return this.entries;
  }

  /** How to take back what came after an operation, oldest first. */
  after(optime: OpTime): Undo[] {
    return this.entries
      .filter((entry) => compareOpTimes(entry.optime, optime) > 0)
      .flatMap(({ undos }) => undos);
  }

  /** True when this operation, and so everything after it, can be taken back. */
  reaches(optime: OpTime): boolean {
    const [oldest] = this.entries;
    return oldest !== undefined && compareOpTimes(oldest.optime, optime) <= 0;
  }

  /** Forgets what a majority holds. */
  release(commitPoint: OpTime): void {
    const keep = this.entries.findIndex(({ optime }) => compareOpTimes(optime, commitPoint) > 0);
    this.entries.splice(0, keep === -1 ? this.entries.length : keep);
  }

  /** Forgets what was taken back. */
  forgetAfter(optime: OpTime): void {
    this.entries = this.entries.filter((entry) => compareOpTimes(entry.optime, optime) <= 0);
  }

  clear(): void {
    this.entries = [];
  }
}
