import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { RuntimeSetting, SettingValue } from '../domain/settings';
import { getOption, parseOptions, removeOption, type OptionTree } from './mongod-options';

/** How mongod is told: `setParameter`, or `profile: -1`, which leaves the profiling level of the database as it is. */
export type RuntimeTarget =
  | { readonly command: 'setParameter'; readonly name: string }
  | { readonly command: 'profile'; readonly name: 'slowms' | 'sampleRate' };

interface RuntimeOption {
  /** Dotted name in mongod.yaml. */
  readonly option: string;
  readonly target: RuntimeTarget;
  readonly type: 'number' | 'boolean';
  /** What a start takes at most, where a running server takes more. */
  readonly most?: number | undefined;
  /** Page of the MongoDB manual, below /docs/manual/reference/, that says so. */
  readonly manual: string;
}

const parameter = (name: string, type: RuntimeOption['type']): RuntimeOption => ({
  option: `setParameter.${name}`,
  target: { command: 'setParameter', name },
  type,
  manual: `parameters/#param.${name}`,
});

const aliased = (option: string, name: string, type: RuntimeOption['type']): RuntimeOption => ({
  ...parameter(name, type),
  option,
});

/**
 * Options that every release from 4.2 to 8.0 that has them takes while it runs (the server's IDL: `set_at` names runtime),
 * and tells again as they were set. Left out, so that they need a restart: all that is not here;
 * `operationProfiling.mode`, which `profile` sets for one database only; what mongod moves by itself, as the numbers of
 * concurrent transactions since 7.0; log components, whose parent may or may not be set.
 */
export const RUNTIME_OPTIONS: readonly RuntimeOption[] = [
  { ...aliased('systemLog.verbosity', 'logLevel', 'number'), most: 5 },
  aliased('systemLog.quiet', 'quiet', 'boolean'),
  aliased('systemLog.traceAllExceptions', 'traceExceptions', 'boolean'),
  aliased('storage.syncPeriodSecs', 'syncdelay', 'number'),
  aliased('storage.journal.commitIntervalMs', 'journalCommitInterval', 'number'),
  {
    option: 'operationProfiling.slowOpThresholdMs',
    target: { command: 'profile', name: 'slowms' },
    type: 'number',
    manual: 'command/profile/',
  },
  {
    option: 'operationProfiling.slowOpSampleRate',
    target: { command: 'profile', name: 'sampleRate' },
    type: 'number',
    manual: 'command/profile/',
  },
  ...['logLevel', 'syncdelay', 'journalCommitInterval'].map((name) => parameter(name, 'number')),
  ...['cursorTimeoutMillis', 'ttlMonitorSleepSecs'].map((name) => parameter(name, 'number')),
  ...['transactionLifetimeLimitSeconds', 'maxTransactionLockRequestTimeoutMillis'].map((name) =>
    parameter(name, 'number'),
  ),
  ...['maxIndexBuildMemoryUsageMegabytes', 'maxNumActiveUserIndexBuilds'].map((name) =>
    parameter(name, 'number'),
  ),
  ...['flowControlTargetLagSeconds', 'flowControlWarnThresholdSeconds'].map((name) =>
    parameter(name, 'number'),
  ),
  ...['scramIterationCount', 'scramSHA256IterationCount'].map((name) => parameter(name, 'number')),
  ...['internalQueryExecMaxBlockingSortBytes', 'internalQueryMaxBlockingSortMemoryUsageBytes'].map((name) =>
    parameter(name, 'number'),
  ),
  ...['quiet', 'notablescan', 'ttlMonitorEnabled', 'enableFlowControl', 'allowDiskUseByDefault'].map((name) =>
    parameter(name, 'boolean'),
  ),
];

export const findRuntimeOption = (option: string): RuntimeOption | undefined =>
  RUNTIME_OPTIONS.find((one) => one.option === option);

/** A mongod.yaml parted by what a change of it needs. */
interface PartedConfig {
  /** Digest of all that only a restart changes. */
  readonly fixed: string;
  readonly settings: readonly RuntimeSetting[];
}

/** @param yaml as {@link mergeMongodConfig} makes it */
export function partConfig(yaml: string): PartedConfig {
  const parsed = parseOptions(yaml);
  if (parsed.outcome === 'unreadable') return { fixed: digest(yaml), settings: [] };
  let fixed: OptionTree = parsed.options;
  const settings = RUNTIME_OPTIONS.flatMap(({ option, target, type }): RuntimeSetting[] => {
    const value = readValue(getOption(parsed.options, option), type);
    // Two names of one thing: which of them holds after a start is not ours to guess.
    const isTwice = RUNTIME_OPTIONS.some(
      (other) =>
        other.option !== option &&
        other.target.name === target.name &&
        getOption(parsed.options, other.option) !== undefined,
    );
    if (value === undefined || isTwice) return [];
    fixed = removeOption(fixed, option);
    return [{ option, value }];
  });
  return { fixed: digest(stringify(fixed, { sortMapEntries: true })), settings };
}

/** As mongod reads it at its start: numbers and booleans may be written as text. Undefined: it is neither. */
function readValue(value: unknown, type: RuntimeOption['type']): SettingValue | undefined {
  if (type === 'boolean') {
    if (value === true || value === 1 || value === 'true' || value === '1') return true;
    return value === false || value === 0 || value === 'false' || value === '0' ? false : undefined;
  }
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** One line to compare by: digest of what is fixed, and the names of what is not. */
export const recordConfig = ({ fixed, settings }: PartedConfig): string =>
  `${fixed}:${settings
    .map(({ option }) => option)
    .sort()
    .join(',')}`;

/**
 * Whether members that run by one configuration can be told another one. Not where an option is taken out: its default
 * is known to mongod alone.
 * @param running by {@link recordConfig}; undefined: it was not recorded
 */
export function isToldAtRunTime(running: string | undefined, wanted: string): boolean {
  if (running === undefined) return false;
  const [fixed, options = ''] = running.split(':');
  const [wantedFixed, wantedOptions = ''] = wanted.split(':');
  const kept = new Set(wantedOptions.split(','));
  return fixed === wantedFixed && options.split(',').every((option) => option === '' || kept.has(option));
}
