import type { WriterResult } from '../../local/chaos/writer';

/** The end of a suite under writes: all that was acknowledged is read back. */
export function itHasLostNothing(stopWriter: () => Promise<WriterResult>): void {
  it('has lost no acknowledged write', async () => {
    const { acknowledged, lost } = await stopWriter();
    expect(acknowledged).toBeGreaterThan(100);
    expect(lost).toEqual([]);
  }, 120_000);
}
