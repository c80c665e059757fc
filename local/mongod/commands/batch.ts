/** A batch ends when it holds this much, as on a real server: a reply has to fit into one message. */
const maxBatchBytes = 16 * 1024 * 1024;

/** How many of the items make up the next batch: at most `size`, and at least one if `size` allows. */
export const countBatch = <T>(items: readonly T[], size: number, bytesOf: (item: T) => number): number => {
  const most = Math.min(size, items.length);
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    if (index >= most) break;
    bytes += bytesOf(item);
    if (bytes > maxBatchBytes) return Math.max(1, index);
  }
  return most;
};
