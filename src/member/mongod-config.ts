import { parse as parseYaml, stringify } from 'yaml';
import type { Resources } from '../api/shared';
import { MONGO_PORT, REPLICA_SET_NAME } from '../domain/names';
import { bytes } from '../domain/quantity';
import { POD_PATHS } from './build/pod-template';
import {
  getOption,
  isTree,
  mergeOptions,
  parseOptions,
  removeOption,
  setOption,
  type OptionTree,
} from './mongod-options';

export interface ConfigRequest {
  /** Text of the user's `mongod.yaml`. */
  readonly custom: { readonly source: string; readonly text: string } | undefined;
  /** `spec.config`: names with a dot are mongod options, LOG_LEVEL is a word, others are not known. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** Memory that the container may use, in bytes; undefined when unlimited. */
  readonly memoryBytes: number | undefined;
}

export type MergedConfig =
  | {
      readonly outcome: 'merged';
      readonly yaml: string;
      /** Settings that say nothing to mongod, each with what would. */
      readonly ignored: readonly string[];
    }
  | { readonly outcome: 'refused'; readonly message: string };

interface OwnedOption {
  readonly path: string;
  /** What it is in every pod; undefined: it is not set at all. */
  readonly value: unknown;
  /** Values that mean the same as ours. */
  readonly equal?: readonly unknown[];
  readonly remedy: string;
}

const FIXED = 'take it out, it is the same in every member';

const OWNED: readonly OwnedOption[] = [
  {
    path: 'net.port',
    value: MONGO_PORT,
    remedy: 'take it out: clients reach members through their Services',
  },
  { path: 'net.bindIp', value: '0.0.0.0', equal: ['*', '0.0.0.0,::', '::,0.0.0.0'], remedy: FIXED },
  { path: 'net.bindIpAll', value: undefined, equal: [true], remedy: FIXED },
  { path: 'net.tls', value: undefined, remedy: 'take it out: TLS between members is not offered' },
  { path: 'net.ssl', value: undefined, remedy: 'take it out: TLS between members is not offered' },
  { path: 'storage.dbPath', value: POD_PATHS.data, remedy: 'take it out: the volume is mounted there' },
  { path: 'storage.journal.enabled', value: undefined, equal: [true], remedy: 'members need their journal' },
  { path: 'security.authorization', value: 'enabled', remedy: 'take it out: members always check passwords' },
  { path: 'security.keyFile', value: POD_PATHS.keyfile, remedy: 'put your key into the credentials Secret' },
  { path: 'security.clusterAuthMode', value: 'keyFile', remedy: FIXED },
  { path: 'security.transitionToAuth', value: undefined, equal: [false], remedy: FIXED },
  { path: 'replication.replSetName', value: REPLICA_SET_NAME, remedy: FIXED },
  { path: 'replication.replSet', value: undefined, equal: [REPLICA_SET_NAME], remedy: FIXED },
  {
    path: 'processManagement.fork',
    value: undefined,
    equal: [false],
    remedy: 'a container has one foreground process',
  },
  {
    path: 'processManagement.pidFilePath',
    value: undefined,
    remedy: 'take it out: the root file system is read-only',
  },
  { path: 'systemLog.destination', value: undefined, remedy: 'take it out: the log goes to the pod log' },
  { path: 'systemLog.path', value: undefined, remedy: 'take it out: the log goes to the pod log' },
  { path: 'systemLog.logAppend', value: undefined, equal: [true, false], remedy: FIXED },
  { path: 'systemLog.logRotate', value: undefined, equal: ['rename', 'reopen'], remedy: FIXED },
  { path: 'sharding', value: undefined, remedy: 'take it out: only replica sets are operated' },
];

const DEFAULTS: OptionTree = {
  // Users are made as __system with the keyfile, so that the way in without a password is not needed.
  setParameter: { enableLocalhostAuthBypass: false },
};

const VERBOSITY: Readonly<Record<string, number>> = {
  error: 0,
  warn: 0,
  warning: 0,
  info: 0,
  debug: 1,
  trace: 5,
};

/**
 * The one mongod.yaml of a member: our defaults, over them the user's file, over that `spec.config`, over all what is
 * ours to set. An option of ours that the user sets otherwise refuses the whole.
 */
export function mergeMongodConfig(request: ConfigRequest): MergedConfig {
  let options = withCache(DEFAULTS, request.memoryBytes);
  const refusals: string[] = [];
  if (request.custom !== undefined) {
    const { source, text } = request.custom;
    const parsed = parseOptions(text);
    if (parsed.outcome === 'unreadable') {
      return {
        outcome: 'refused',
        message: `${source}, key mongod.yaml: ${parsed.message}. Correct the YAML.`,
      };
    }
    const checked = takeOutOwned(parsed.options, source);
    refusals.push(...checked.refusals);
    options = mergeOptions(options, checked.options);
  }
  const settings = readSettings(request.settings);
  const checked = takeOutOwned(settings.options, 'spec.config');
  refusals.push(...checked.refusals);
  if (refusals.length > 0) return { outcome: 'refused', message: refusals.join(' ') };
  options = mergeOptions(options, checked.options);
  for (const { path, value } of OWNED) if (value !== undefined) options = setOption(options, path, value);
  return {
    outcome: 'merged',
    yaml: stringify(options, { sortMapEntries: true }),
    ignored: settings.ignored,
  };
}

function takeOutOwned(asked: OptionTree, source: string): { options: OptionTree; refusals: string[] } {
  let options = asked;
  const refusals: string[] = [];
  for (const owned of OWNED) {
    const value = getOption(options, owned.path);
    if (value === undefined) continue;
    if (value !== owned.value && !(owned.equal ?? []).includes(value)) {
      const shown = isTree(value) ? '' : ` ${JSON.stringify(value)}`;
      refusals.push(`${source} sets ${owned.path}${shown}, which FedState owns: ${owned.remedy}.`);
    }
    options = removeOption(options, owned.path);
  }
  return { options, refusals };
}

function readSettings(settings: ConfigRequest['settings']): { options: OptionTree; ignored: string[] } {
  let options: OptionTree = {};
  const ignored: string[] = [];
  for (const { name, value } of settings) {
    if (name.includes('.')) {
      options = setOption(options, name, readScalar(value));
    } else if (name === 'LOG_LEVEL') {
      const verbosity = readVerbosity(value);
      if (verbosity === undefined) {
        ignored.push(`LOG_LEVEL=${value}: use error, warn, info, debug, trace or 0 to 5`);
      } else {
        options = setOption(options, 'systemLog.verbosity', verbosity);
      }
    } else {
      ignored.push(
        `${name}: not a setting; use LOG_LEVEL or a mongod option such as net.compression.compressors`,
      );
    }
  }
  return { options, ignored };
}

function readVerbosity(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  return /^[0-5]$/.test(word) ? Number(word) : VERBOSITY[word];
}

// The value is a string in the object but a number or a boolean in mongod.yaml.
function readScalar(text: string): unknown {
  try {
    const value: unknown = parseYaml(text);
    return typeof value === 'number' || typeof value === 'boolean' ? value : text;
  } catch {
    return text;
  }
}

// WiredTiger's own rule, but of the container's memory: half of what exceeds 1 GiB, at least 256 MiB.
function withCache(options: OptionTree, memoryBytes: number | undefined): OptionTree {
  if (memoryBytes === undefined) return options;
  const gib = 2 ** 30;
  const cache = Math.max(0.25, (memoryBytes / gib - 1) / 2);
  return setOption(options, 'storage.wiredTiger.engineConfig.cacheSizeGB', Math.round(cache * 100) / 100);
}

/** Bytes of the memory limit, else of the request; undefined when neither is set. */
export function memoryBytesOf(resources: Resources): number | undefined {
  const quantity = resources.limits?.['memory'] ?? resources.requests?.['memory'];
  return quantity === undefined ? undefined : bytes(quantity);
}
