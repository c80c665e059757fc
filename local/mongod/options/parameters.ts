import { Double, Int32 } from 'bson';
import { isTruthy, printDoc, toNumber } from '../doc';
import { CommandError } from '../error';

interface RuntimeParameter {
  readonly default: number | boolean;
  readonly least?: number;
}

/** Parameters with `set_at: [startup, runtime]` in the server's IDL that this stand-in keeps; none of them does anything. */
const RUNTIME: Readonly<Record<string, RuntimeParameter>> = {
  logLevel: { default: 0, least: 0 },
  quiet: { default: false },
  traceExceptions: { default: false },
  syncdelay: { default: 60, least: 0 },
  journalCommitInterval: { default: 100, least: 1 },
  cursorTimeoutMillis: { default: 600_000 },
  ttlMonitorEnabled: { default: true },
  ttlMonitorSleepSecs: { default: 60, least: 1 },
  notablescan: { default: false },
  transactionLifetimeLimitSeconds: { default: 60, least: 1 },
  maxTransactionLockRequestTimeoutMillis: { default: 5 },
  maxIndexBuildMemoryUsageMegabytes: { default: 200, least: 50 },
};

/** Seconds that a secondary's questions for the oplog have beyond what the server may take (`set_at: startup`, from 4.4). */
const OPLOG_BUFFER = 'oplogNetworkTimeoutBufferSeconds';
const OPLOG_BUFFER_SECONDS = 5;

export const readOplogBufferMs = (given: Options): number =>
  // A number in a file, text on the command line.
  Number(given[OPLOG_BUFFER] ?? OPLOG_BUFFER_SECONDS) * 1000;

/** The first parameter of ours that this release does not know: with it no server starts. */
export const findUnknownParameter = (given: Options, release: string): string | undefined =>
  release === '4.2' && OPLOG_BUFFER in given ? OPLOG_BUFFER : undefined;

/** What options of the configuration file set. */
const ALIASES: readonly (readonly [heading: string, option: string, parameter: string])[] = [
  ['systemLog', 'verbosity', 'logLevel'],
  ['systemLog', 'quiet', 'quiet'],
  ['systemLog', 'traceAllExceptions', 'traceExceptions'],
  ['storage', 'syncPeriodSecs', 'syncdelay'],
];

type Options = Readonly<Record<string, unknown>>;

/** Parameters of a server that starts with this file. @param given by `setParameter` */
export function startParameters(file: Options, given: Options): Map<string, unknown> {
  const told = ALIASES.flatMap(([heading, option, parameter]): [string, unknown][] => {
    const value = optionsIn(file, heading)[option];
    return value === undefined ? [] : [[parameter, value]];
  });
  return new Map<string, unknown>([
    ...Object.entries(RUNTIME).map(([name, { default: value }]): [string, unknown] => [name, value]),
    ...told,
    ...Object.entries(given),
  ]);
}

/** What `profile` tells and sets, of all databases. */
export interface SlowOperations {
  slowms: number;
  sampleRate: number;
}

export function startSlowOperations(file: Options): SlowOperations {
  const { slowOpThresholdMs, slowOpSampleRate } = optionsIn(file, 'operationProfiling');
  return { slowms: toNumber(slowOpThresholdMs) ?? 100, sampleRate: toNumber(slowOpSampleRate) ?? 1 };
}

const optionsIn = (file: Options, heading: string): Options => {
  const value = file[heading];
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
};

/** The value as the server keeps it. @throws CommandError as the server does for what it does not take while it runs */
export function readParameter(name: string, value: unknown, isKnown: boolean): number | boolean {
  const parameter = RUNTIME[name];
  if (parameter === undefined) {
    if (isKnown) throw new CommandError(20, `not allowed to change [${name}] at runtime`);
    throw new CommandError(
      72,
      `attempted to set unrecognized parameter [${name}], use help:true to see options `,
    );
  }
  if (typeof parameter.default === 'boolean') return isTruthy(value);
  const number = toNumber(value);
  if (number === undefined) throw new CommandError(2, `Failed to coerce value for parameter ${name}`);
  const { least } = parameter;
  if (least !== undefined && number < least)
    throw new CommandError(
      2,
      `Invalid value for parameter ${name}: ${number} is not greater than or equal to ${least}`,
    );
  return number;
}

/** `slowms` and `sampleRate` of a profile command. @throws CommandError when one is no number, or no rate */
export function readSlowOperations(command: Options, present: SlowOperations): SlowOperations {
  const read = (field: 'slowms' | 'sampleRate'): number => {
    const value = command[field];
    if (value === undefined || value === null) return present[field];
    const number = toNumber(value);
    if (number === undefined)
      throw new CommandError(
        14,
        `BSON field 'profile.${field}' is the wrong type: ${printDoc({ [field]: value })}`,
      );
    return number;
  };
  const sampleRate = read('sampleRate');
  if (sampleRate < 0 || sampleRate > 1)
    throw new CommandError(2, "'sampleRate' must be between 0.0 and 1.0 inclusive");
  return { slowms: Math.trunc(read('slowms')), sampleRate };
}

export const describeSlowOperations = ({ slowms, sampleRate }: SlowOperations) => ({
  was: new Int32(0),
  slowms: new Int32(slowms),
  sampleRate: new Double(sampleRate),
});
