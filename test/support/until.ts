/** Asks until the answer is there. @throws with the last reason after `seconds` */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<{ readonly answer: T } | { readonly reason: string }>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const result = await ask().catch((error: unknown) => ({ reason: String(error) }));
    if ('answer' in result) return result.answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s: ${result.reason}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
