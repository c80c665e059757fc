import type { MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import type { Fault, MemberPlace } from '../faults/fault';
import type { FaultKit } from '../faults/fault-kit';
import type { ChaosStack } from './chaos-stack';
import type { Subject } from './inventory';
import type { Random } from './random';

/** How long things last that a person would let last longer. */
export interface Durations {
  /** A member's API server is down. */
  readonly apiDownSeconds: number;
  /** The control plane is gone. */
  readonly controlLostSeconds: number;
}

/** An instance under writes, and the hand that strikes it. */
export interface Ordeal {
  readonly stack: ChaosStack;
  readonly kit: FaultKit;
  readonly random: Random;
  readonly subject: Subject;
  readonly uid: string;
  readonly durations: Durations;
  /** Ends the run. */
  readonly signal: AbortSignal;
  readonly delaySeconds: number;
  read(): Promise<MultiCloudMongoDB>;
  primary(): Promise<MemberPlace>;
  /** Writes of all clients so far. */
  acknowledged(): number;
  /** All at once; the first one begins the time that is measured. */
  strike(...faults: readonly Fault[]): Promise<void>;
  /** Takes back what is in force, or one of it. */
  heal(fault?: Fault): Promise<void>;
  wait(seconds: number): Promise<void>;
  /** Seconds since the first fault. */
  elapsed(): number;
  /** Resolves when an operation of this kind has ended well, or its step is reached. */
  until(what: string, seconds: number, ask: () => Promise<string | undefined>): Promise<void>;
  /** What it was struck with. */
  struck(): readonly string[];
  /** Something to be said of this run in its row. */
  note(text: string): void;
  /** Something that should not have been. */
  object(problem: string): void;
}

/** A fault, and what must come of it. */
export interface Scenario {
  readonly name: string;
  readonly says: string;
  readonly expected: string;
  /** Fewest and most failovers. */
  readonly failovers: readonly [number, number];
  /** Absent: writes stand still for as long as the fault lasts. */
  readonly outageSeconds?: number | undefined;
  /** `spec.failover.delaySeconds`; absent: short, to save time. */
  readonly delaySeconds?: number | undefined;
  /** No pod, Secret, policy or configuration may have changed. */
  readonly untouched?: true | undefined;
  /** Strikes, and takes back what it struck with. */
  live(ordeal: Ordeal): Promise<void>;
}
