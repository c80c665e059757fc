/** A Kubernetes quantity in thousandths, with the family of suffixes it was written in. */
export interface Quantity {
  readonly milli: bigint;
  readonly binary: boolean;
}

const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E'];
const PATTERN = /^([+-]?\d+(?:\.\d+)?)(?:e(-?\d+)|([a-zA-Z]*))$/;

/** undefined for text that is no quantity; finer than a thousandth is rounded up. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = PATTERN.exec(text.trim());
  const digits = match?.[1];
  if (match === null || digits === undefined) return undefined;
  const suffix = match[3] ?? '';
  const binaryPower = BINARY.indexOf(suffix);
  if (binaryPower >= 0) return { milli: scale(digits, 1024n ** BigInt(binaryPower + 1), 1n), binary: true };
  const exponent = match[2] === undefined ? exponentOf(suffix) : Number(match[2]);
  if (exponent === undefined) return undefined;
  const milli =
    exponent >= 0 ? scale(digits, 10n ** BigInt(exponent), 1n) : scale(digits, 1n, 10n ** BigInt(-exponent));
  return { milli, binary: false };
}

function exponentOf(suffix: string): number | undefined {
  if (suffix === '') return 0;
  const small = ['m', 'u', 'n'].indexOf(suffix);
  if (small >= 0) return -3 * (small + 1);
  const large = DECIMAL.indexOf(suffix);
  return large < 0 ? undefined : 3 * (large + 1);
}

function scale(digits: string, times: bigint, by: bigint): bigint {
  const [whole = '0', fraction = ''] = digits.split('.');
  const value = BigInt(whole + fraction) * times * 1000n;
  const divisor = by * 10n ** BigInt(fraction.length);
  return value / divisor + (value % divisor > 0n ? 1n : 0n);
}

/** The shortest exact text in the same family: 24581684Ki, 500m, 2. */
export function printQuantity({ milli, binary }: Quantity): string {
  if (milli % 1000n !== 0n) return `${milli}m`;
  let value = milli / 1000n;
  const base = binary ? 1024n : 1000n;
  const suffixes = binary ? BINARY : DECIMAL;
  let power = 0;
  while (value !== 0n && power < suffixes.length && value % base === 0n) {
    value /= base;
    power += 1;
  }
  return power === 0 ? String(value) : `${value}${suffixes[power - 1] ?? ''}`;
}

export type Quantities = ReadonlyMap<string, Quantity>;

/** The family of the first stays. */
export function addQuantities(a: Quantities, b: Quantities, sign: 1 | -1 = 1): Map<string, Quantity> {
  const sum = new Map(a);
  for (const [name, amount] of b) {
    const before = sum.get(name) ?? { milli: 0n, binary: amount.binary };
    sum.set(name, { milli: before.milli + BigInt(sign) * amount.milli, binary: before.binary });
  }
  return sum;
}
