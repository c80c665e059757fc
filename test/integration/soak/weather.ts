import { setTimeout as sleep } from 'node:timers/promises';
import { between, pick, type Chance } from '../../support/chance';
import type { TcpProxy } from '../../support/tcp-proxy';

/** RST, FIN, or silence with the connection left open. */
const blows = ['reset', 'cut', 'freezePresent'] as const;
type Blow = (typeof blows)[number];

export interface Weather {
  /** Connections that each kind of blow met. */
  readonly met: Readonly<Record<Blow, number>>;
  /** Resolves when no more blows come. The last one is silence at every wire: nothing afterwards puts that right. */
  readonly over: Promise<void>;
}

export interface WeatherOptions {
  readonly wires: readonly TcpProxy[];
  readonly chance: Chance;
  readonly forMs: number;
  /** Between two blows, ms. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Blows to one wire or to all of them, again and again. */
export function makeWeather({ wires, chance, forMs, leastMs, mostMs }: WeatherOptions): Weather {
  const met: Record<Blow, number> = { reset: 0, cut: 0, freezePresent: 0 };
  const strike = (blow: Blow, on: readonly TcpProxy[]): void => {
    for (const wire of on) met[blow] += wire[blow]();
  };
  const blow = async (): Promise<void> => {
    const until = performance.now() + forMs;
    // Each kind comes at least once in three blows.
    for (let turn = between(chance, 0, 2); ; turn += 1) {
      await sleep(between(chance, leastMs, mostMs));
      if (performance.now() >= until) break;
      strike(blows[turn % blows.length] ?? 'cut', chance() < 0.4 ? wires : [pick(chance, wires)]);
    }
    strike('freezePresent', wires);
  };
  return { met, over: blow() };
}
