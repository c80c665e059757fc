/** Numbers from 0 up to 1, the same for the same seed. */
export type Random = () => number;

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function shuffle<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

/** FEDSTATE_SEED, else one of chance. */
export function chooseSeed(environment: Readonly<Record<string, string | undefined>>): number {
  const named = Number(environment['FEDSTATE_SEED']);
  return environment['FEDSTATE_SEED'] !== undefined && Number.isSafeInteger(named)
    ? named
    : Math.floor(Math.random() * 1_000_000);
}
