import { type TestMember, sleep } from './test-set';

export type Blow = 'kill' | 'freeze' | 'end';

/** One blow to one member: what, to whom, for how long, and how long it is quiet before it; ms. */
export interface Strike {
  readonly blow: Blow;
  readonly member: number;
  readonly quietMs: number;
  readonly lastsMs: number;
}

const blows: readonly Blow[] = ['kill', 'kill', 'freeze', 'freeze', 'end'];

/** Blows for about this long, one after another: always one member at a time, so a majority is left. */
export const planStrikes = (chance: () => number, members: number, forMs: number): Strike[] => {
  const strikes: Strike[] = [];
  for (let at = 0; at < forMs;) {
    const strike = {
      blow: blows[Math.floor(chance() * blows.length)] ?? 'kill',
      member: Math.floor(chance() * members),
      quietMs: 100 + Math.floor(chance() * 1200),
      lastsMs: 100 + Math.floor(chance() * 3500),
    };
    strikes.push(strike);
    at += strike.quietMs + strike.lastsMs;
  }
  return strikes;
};

const signals = { kill: 'SIGKILL', end: 'SIGTERM' } as const;

/** Deals one blow and makes it good again. */
export const strike = async (member: TestMember, { blow, quietMs, lastsMs }: Strike): Promise<void> => {
  await sleep(quietMs);
  if (blow === 'freeze') {
    member.signal('SIGSTOP');
    await sleep(lastsMs);
    member.signal('SIGCONT');
    return;
  }
  await member.stop(signals[blow]);
  await sleep(lastsMs);
  await member.start();
};
