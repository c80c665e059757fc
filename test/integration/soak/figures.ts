import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pino, { type Logger } from 'pino';
import { z } from 'zod';
import type { WatchNews } from '../../../src/kube/watch';

const kinds = [
  'listed',
  'connected',
  'ended',
  'broken',
  'stalled',
  'expired',
  'failed',
  'unreadable',
] as const satisfies readonly WatchNews[];

/** How often each kind of news came. */
export type Tally = Record<WatchNews, number>;

export const emptyTally = (): Tally => ({
  listed: 0,
  connected: 0,
  ended: 0,
  broken: 0,
  stalled: 0,
  expired: 0,
  failed: 0,
  unreadable: 0,
});

export function addUp(one: Tally, other: Tally): Tally {
  const sum = { ...one };
  for (const kind of kinds) sum[kind] += other[kind];
  return sum;
}

const newsSchema = z.looseObject({ msg: z.literal('watch has news'), news: z.enum(kinds) });

/** A logger of which only what the watches say is kept. */
export function listenTo(tally: Tally): Logger {
  return pino(
    { level: 'debug' },
    {
      write(line: string) {
        const heard = newsSchema.safeParse(JSON.parse(line));
        if (heard.success) tally[heard.data.news] += 1;
      },
    },
  );
}

/** `p50/p99/most` in whole ms, with how many there were. */
export function summarise(latencies: readonly number[]): string {
  const sorted = [...latencies].sort((one, other) => one - other);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return `${at(0.5)}/${at(0.99)}/${at(1)} ms of ${sorted.length}`;
}

const collectorSchema = z.custom<() => void>((value) => typeof value === 'function');

/** MB on the heap after all that is unreachable was collected. */
export function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  collectorSchema.parse(runInNewContext('gc'))();
  return process.memoryUsage().heapUsed / 1_048_576;
}

/** Shown also where Jest keeps what tests print. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
