import { FedStateError } from './errors';

// Kubernetes: "Quantity" (apimachinery pkg/api/resource). Exact arithmetic: 1.1 cores are 1100m, never 1101m.

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const DECIMAL = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map(Object.entries(DECIMAL));
const BINARY_SHIFTS: ReadonlyMap<string, bigint> = new Map(Object.entries(BINARY));

const QUANTITY = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/;

/**
 * A quantity in base units (cores, bytes, pieces): `500m` is 0.5, `1Ki` is 1024, `1e3` is 1000.
 * @throws FedStateError InvalidSpec naming the value and the remedy
 */
export function parseQuantity(quantity: string | number): number {
  const { numerator, denominator } = readFraction(quantity);
  return Number(numerator) / Number(denominator);
}

/**
 * A quantity of cpu in millicores, rounded up as Kubernetes does.
 * @throws FedStateError InvalidSpec naming the value and the remedy
 */
export function cpuMillis(quantity: string | number): number {
  const { numerator, denominator } = readFraction(quantity);
  return divideUp(numerator * 1000n, denominator);
}

/**
 * A quantity of memory or storage in bytes, rounded up as Kubernetes does.
 * @throws FedStateError InvalidSpec naming the value and the remedy
 */
export function bytes(quantity: string | number): number {
  const { numerator, denominator } = readFraction(quantity);
  return divideUp(numerator, denominator);
}

/**
 * Shortest exact spelling of base units: `DecimalSI` for cpu and counts (0.5 → `500m`), `BinarySI` for memory (1024 → `1Ki`).
 * What is finer than a nano-unit is rounded up.
 */
export function formatQuantity(value: number, style: 'DecimalSI' | 'BinarySI' = 'DecimalSI'): string {
  const { numerator, denominator } = readFraction(value);
  if (numerator === 0n) return '0';
  if (style === 'BinarySI' && denominator === 1n) {
    const best = Object.entries(BINARY).findLast(([, shift]) => numerator % (1n << shift) === 0n);
    return best === undefined ? String(numerator) : `${numerator >> best[1]}${best[0]}`;
  }
  const nanos = ceilDivide(numerator * 10n ** 9n, denominator);
  const best = Object.entries(DECIMAL).findLast(([, exponent]) => nanos % 10n ** BigInt(exponent + 9) === 0n);
  return best === undefined ? `${nanos}n` : `${nanos / 10n ** BigInt(best[1] + 9)}${best[0]}`;
}

function readFraction(quantity: string | number): Fraction {
  const text = String(quantity);
  const match = QUANTITY.exec(text);
  if (match === null) {
    throw new FedStateError(
      'InvalidSpec',
      `"${text}" is not a quantity: write a number with an optional suffix n, u, m, k, M, G, T, P, E, ` +
        'Ki, Mi, Gi, Ti, Pi or Ei, or an exponent, e.g. 500m, 1.5, 512Mi, 1e3.',
      { value: text },
    );
  }
  const [, sign, mantissa = '', exponent, suffix = ''] = match;
  const [whole = '', decimals = ''] = mantissa.split('.');
  const digits = BigInt(whole + decimals) * (sign === '-' ? -1n : 1n);
  const shift = BINARY_SHIFTS.get(suffix) ?? 0n;
  const power =
    (exponent === undefined ? (DECIMAL_EXPONENTS.get(suffix) ?? 0) : boundExponent(Number(exponent))) -
    decimals.length;
  const scaled = digits << shift;
  return reduce(
    power >= 0
      ? { numerator: scaled * 10n ** BigInt(power), denominator: 1n }
      : { numerator: scaled, denominator: 10n ** BigInt(-power) },
  );
}

// Beyond what a number holds in either direction: a longer exponent only costs time.
const boundExponent = (exponent: number): number => Math.max(-400, Math.min(400, exponent));

function reduce({ numerator, denominator }: Fraction): Fraction {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n
    ? { numerator: 0n, denominator: 1n }
    : { numerator: numerator / a, denominator: denominator / a };
}

const ceilDivide = (numerator: bigint, denominator: bigint): bigint =>
  numerator >= 0n ? (numerator + denominator - 1n) / denominator : numerator / denominator;

const divideUp = (numerator: bigint, denominator: bigint): number =>
  Number(ceilDivide(numerator, denominator));
