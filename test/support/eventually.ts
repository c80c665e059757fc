/** Asks every 20 ms until nothing is thrown. @throws what was thrown last, after `ms` */
export async function eventually<T>(check: () => T | Promise<T>, ms = 20_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Asks every 20 ms until it holds. @throws with what it was after `ms` */
export async function eventuallyHolds(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms?: number,
): Promise<void> {
  await eventually(async () => {
    if (!(await holds())) throw new Error(`did not come to hold: ${what}`);
  }, ms);
}
