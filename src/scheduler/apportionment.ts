/** One claimant: its weight, and the whole numbers between which its part must be. */
export interface Claim {
  readonly weight: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Parts of `total` in proportion to the weights and within the limits, by largest remainder; of equal remainders the earlier
 * claim wins. Equal weights give the most even parts that the limits allow. Weights are whole numbers, so nothing is rounded.
 * Undefined when the limits leave no way.
 */
export function apportion(total: number, claims: readonly Claim[]): number[] | undefined {
  const sumOf = (pick: (claim: Claim) => number): number =>
    claims.reduce((sum, claim) => sum + pick(claim), 0);
  if (sumOf(({ min }) => min) > total || sumOf(({ max }) => max) < total) return undefined;
  const parts = claims.map(() => 0);
  let open = claims.map((claim, index) => ({ ...claim, index }));
  let rest = total;
  // CSS flexbox, "Resolving Flexible Lengths": settle the side whose limits are broken by more, then share again.
  while (open.length > 0) {
    const shared = rest;
    const weights = open.reduce((sum, { weight }) => sum + weight, 0);
    const shares = weights > 0 ? open : open.map((claim) => ({ ...claim, weight: 1 }));
    const divisor = weights > 0 ? weights : open.length;
    const judged = shares.map((claim) => {
      const scaled = shared * claim.weight;
      const clamped = Math.min(Math.max(scaled, claim.min * divisor), claim.max * divisor);
      return { ...claim, scaled, clamped };
    });
    const violation = judged.reduce((sum, { scaled, clamped }) => sum + clamped - scaled, 0);
    const settled = judged.filter(({ scaled, clamped }) =>
      violation > 0 ? clamped > scaled : violation < 0 ? clamped < scaled : clamped !== scaled,
    );
    if (settled.length === 0) {
      shareRemainders(shared, divisor, judged, parts);
      return parts;
    }
    for (const { index, clamped } of settled) {
      parts[index] = clamped / divisor;
      rest -= clamped / divisor;
    }
    const gone = new Set(settled.map(({ index }) => index));
    open = open.filter(({ index }) => !gone.has(index));
  }
  return parts;
}

function shareRemainders(
  total: number,
  divisor: number,
  claims: readonly { readonly index: number; readonly scaled: number }[],
  parts: number[],
): void {
  let left = total;
  for (const { index, scaled } of claims) {
    parts[index] = Math.floor(scaled / divisor);
    left -= Math.floor(scaled / divisor);
  }
  const byRemainder = [...claims].sort(
    (a, b) => (b.scaled % divisor) - (a.scaled % divisor) || a.index - b.index,
  );
  for (const { index } of byRemainder.slice(0, left)) parts[index] = (parts[index] ?? 0) + 1;
}
