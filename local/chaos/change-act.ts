import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import type { OperationKind } from '../../src/domain/instance';
import type { FaultKit } from '../faults/fault-kit';
import { askUntil, type ChaosStack } from './chaos-stack';
import type { Shares, Subject } from './inventory';
import { readSubject } from './subject';

/** One of the instances that are changed side by side. */
export interface ChangedLife {
  readonly subject: Subject;
  readonly uid: string;
  /** Operations that it had carried out before. */
  readonly known: ReadonlySet<string>;
}

/** All of them, and the clusters that they share. */
export interface Surroundings {
  readonly stack: ChaosStack;
  readonly kit: FaultKit;
  readonly signal: AbortSignal;
  /** That they were made with. */
  readonly image: string;
  readonly lives: readonly ChangedLife[];
}

/** A change of running instances, from what they are to what they must be. */
export interface ChangeAct {
  /** Data members before. */
  readonly members: number;
  /** Of the operation whose boundaries are struck. */
  readonly kind: OperationKind;
  readonly soakSeconds?: number | undefined;
  /** `spec.failover`; absent: its defaults. */
  readonly failover?: Readonly<Record<string, unknown>> | undefined;
  /** Acknowledged writes that may be gone: those of the moment before the majority was. */
  readonly mayLose?: number | undefined;
  /** What comes before the operation. */
  prepare?(around: Surroundings): Promise<void>;
  /** Asks for it. */
  begin(around: Surroundings): Promise<void>;
  /** What people do meanwhile; ends with the signal. */
  attend?(around: Surroundings, signal: AbortSignal): Promise<void>;
  /** What comes after the last stroke. */
  end?(around: Surroundings): Promise<void>;
  /** What is still missing when the operation is over; undefined: nothing. */
  lackAfter?(life: ChangedLife, status: MultiCloudMongoDB['status']): string | undefined;
  /** Members of each cluster at the end. */
  sharesAfter(clusters: readonly string[]): Shares;
  /** What every member runs afterwards, its data too; absent: what it ran before. */
  releaseAfter?(image: string): string;
}

/** Whether an operation of this kind was carried out since the life began. */
export const isCarriedOut = (
  { known }: ChangedLife,
  status: MultiCloudMongoDB['status'],
  kind: OperationKind,
  times = 1,
): boolean =>
  (status?.operations ?? []).filter(
    (one) => !known.has(one.workflowId) && one.kind === kind && one.outcome === 'succeeded',
  ).length >= times;

/** Waits until every life has carried one out, and nothing is in hand. @throws StackError naming the life */
export async function awaitCarriedOut(
  { stack, signal, lives }: Surroundings,
  kind: OperationKind,
  seconds: number,
): Promise<void> {
  await Promise.all(
    lives.map((life) =>
      askUntil(`${kind} of ${life.subject.name}`, seconds, signal, async () => {
        const status = (await readSubject(stack, life.subject))?.status;
        return isCarriedOut(life, status, kind) && status?.operation === undefined
          ? { answer: true }
          : { reason: status?.operation?.waitingFor ?? status?.operations?.[0]?.message ?? 'not yet' };
      }),
    ),
  );
}
