import { stringify } from 'yaml';
import { MONGO_PORT, REPLICA_SET_NAME } from '../domain/names';
import { bytes } from '../domain/quantity';
import { compareReleases, imageRelease } from '../domain/release';
import {
  getOption,
  isTree,
  mergeOptions,
  parseOptions,
  removeOption,
  setOption,
  type OptionTree,
} from './mongod-options';
import { MONGOD_PATHS } from './mongod-paths';

export interface ConfigRequest {
  /** Text of the user's `mongod.yaml`. */
  readonly custom: { readonly source: string; readonly text: string } | undefined;
  /** Names with a dot are mongod options, LOG_LEVEL is a word, others are not known. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** The field that they stand in; default `spec.config`. */
  readonly settingsField?: string | undefined;
  /** Its tag tells the release, if it names one. */
  readonly image: string;
  /** Memory that the container may use, in bytes; undefined when unlimited. */
  readonly memoryBytes: number | undefined;
  /** Members are reached at an IPv6 address: mongod listens there only when it is told so. */
  readonly ipv6?: boolean | undefined;
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
  { path: 'net.bindIpAll', value: undefined, equal: [true], remedy: FIXED },
  { path: 'net.tls', value: undefined, remedy: 'take it out: TLS between members is not offered' },
  { path: 'net.ssl', value: undefined, remedy: 'take it out: TLS between members is not offered' },
  { path: 'storage.dbPath', value: MONGOD_PATHS.data, remedy: 'take it out: the volume is mounted there' },
  { path: 'storage.journal.enabled', value: undefined, equal: [true], remedy: 'members need their journal' },
  { path: 'security.authorization', value: 'enabled', remedy: 'take it out: members always check passwords' },
  {
    path: 'security.keyFile',
    value: MONGOD_PATHS.keyfile,
    remedy: 'put your key into the credentials Secret',
  },
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

const BIND_ALL = ['*', '0.0.0.0', '0.0.0.0,::', '::,0.0.0.0'];

const ownedFor = ({ ipv6 }: Pick<ConfigRequest, 'ipv6'>): readonly OwnedOption[] => [
  ...OWNED,
  { path: 'net.bindIp', value: ipv6 === true ? '0.0.0.0,::' : '0.0.0.0', equal: BIND_ALL, remedy: FIXED },
  ...(ipv6 === true
    ? [{ path: 'net.ipv6', value: true, remedy: 'take it out: the VIP of this cluster is an IPv6 address' }]
    : []),
];

const DEFAULTS: OptionTree = {
  // Users are made as __system with the keyfile, so that the way in without a password is not needed.
  setParameter: { enableLocalhostAuthBypass: false },
};

/**
 * After its sync source is gone without a word, a secondary asks it for 5 s and this, then once more for 2 s and this,
 * before it turns to another: with the 5 s that mongod takes, writes with a majority stop for 17 s, longer than an
 * election takes. With less than 3 s it would turn before the heartbeats have told it who is gone.
 */
const OPLOG_PATIENCE = { option: 'setParameter.oplogNetworkTimeoutBufferSeconds', seconds: 3, since: '4.4' };

const VERBOSITY: Readonly<Record<string, number>> = {
  error: 0,
  warn: 0,
  warning: 0,
  info: 0,
  debug: 1,
  trace: 5,
};

/** Options that have others below them (manual: "Configuration File Options"). */
const HEADINGS = [
  ...['auditLog', 'cloud', 'net', 'operationProfiling', 'processManagement', 'replication', 'security'],
  ...['setParameter', 'sharding', 'snmp', 'storage', 'systemLog', 'net.compression', 'net.ssl', 'net.tls'],
  ...['storage.journal', 'storage.wiredTiger', 'storage.wiredTiger.engineConfig'],
];

/** A ConfigMap takes 1 MiB, which comments may fill: they are not carried along. */
const MAX_MERGED_BYTES = 256 * 1024;

/**
 * The one mongod.yaml of a member: our defaults, over them the user's file, over that `spec.config`, over all what is
 * ours to set. An option of ours that the user sets otherwise refuses the whole.
 */
export function mergeMongodConfig(request: ConfigRequest): MergedConfig {
  const owned = ownedFor(request);
  let options = withOplogPatience(withCache(DEFAULTS, request.memoryBytes), request.image);
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
    refusals.push(...findFlatHeadings(parsed.options, source));
    const checked = takeOutOwned(owned, parsed.options, source);
    refusals.push(...checked.refusals);
    options = mergeOptions(options, checked.options);
  }
  const field = request.settingsField ?? 'spec.config';
  const settings = readSettings(request.settings);
  refusals.push(...settings.refusals.map((refusal) => `${field} ${refusal}`));
  refusals.push(...findFlatHeadings(settings.options, field));
  const checked = takeOutOwned(owned, settings.options, field);
  refusals.push(...checked.refusals);
  if (refusals.length > 0) return { outcome: 'refused', message: refusals.join(' ') };
  options = mergeOptions(options, checked.options);
  for (const { path, value } of owned) if (value !== undefined) options = setOption(options, path, value);
  const yaml = stringify(options, { sortMapEntries: true });
  return Buffer.byteLength(yaml) > MAX_MERGED_BYTES
    ? {
        outcome: 'refused',
        message: `The options make a mongod.yaml of ${Buffer.byteLength(yaml)} bytes, ${MAX_MERGED_BYTES} at most are taken: shorten their values.`,
      }
    : { outcome: 'merged', yaml, ignored: settings.ignored };
}

/** A server that does not know a parameter does not start: where the release is not known, nothing is set. */
function withOplogPatience(options: OptionTree, image: string): OptionTree {
  const { option, seconds, since } = OPLOG_PATIENCE;
  const release = imageRelease(image);
  return release === undefined || compareReleases(release, since) < 0
    ? options
    : setOption(options, option, seconds);
}

/** Ours are put below these: what else stands there would get lost. */
function findFlatHeadings(options: OptionTree, source: string): string[] {
  return HEADINGS.flatMap((path) => {
    const value = getOption(options, path);
    return value === undefined || isTree(value)
      ? []
      : [
          `${source} sets ${path} ${JSON.stringify(value).slice(0, 60)}, which is a heading: put options below it.`,
        ];
  });
}

function takeOutOwned(
  list: readonly OwnedOption[],
  asked: OptionTree,
  source: string,
): { options: OptionTree; refusals: string[] } {
  let options = asked;
  const refusals: string[] = [];
  for (const owned of list) {
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

// At most as deep as mongod nests them, so that nothing is merged that a parser would not take again.
const OPTION_NAME = /^\w[\w-]*(\.\w[\w-]*){1,8}$/;

interface ReadSettings {
  readonly options: OptionTree;
  readonly ignored: string[];
  readonly refusals: string[];
}

function readSettings(settings: ConfigRequest['settings']): ReadSettings {
  let options: OptionTree = {};
  const ignored: string[] = [];
  const refusals: string[] = [];
  for (const { name, value } of settings) {
    if (name.includes('.')) {
      if (OPTION_NAME.test(name)) options = setOption(options, name, readScalar(value));
      else
        refusals.push(
          `names "${name.slice(0, 60)}", which is no mongod option: write it as net.maxIncomingConnections.`,
        );
    } else if (name === 'LOG_LEVEL') {
      const verbosity = readVerbosity(value);
      if (verbosity === undefined) {
        ignored.push(`LOG_LEVEL=${value.slice(0, 60)}: use error, warn, info, debug, trace or 0 to 5`);
      } else {
        options = setOption(options, 'systemLog.verbosity', verbosity);
      }
    } else {
      ignored.push(
        `${name.slice(0, 60)}: not a setting; use LOG_LEVEL or a mongod option such as net.compression.compressors`,
      );
    }
  }
  return { options, ignored, refusals };
}

function readVerbosity(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  return /^[0-5]$/.test(word) ? Number(word) : VERBOSITY[word];
}

// The value is a string in the object but a number or a boolean in mongod.yaml.
function readScalar(text: string): unknown {
  const word = text.trim();
  if (word === 'true' || word === 'false') return word === 'true';
  return /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?$/.test(word) ? Number(word) : text;
}

// WiredTiger's own rule, but of the container's memory: half of what exceeds 1 GiB, at least 256 MiB.
function withCache(options: OptionTree, memoryBytes: number | undefined): OptionTree {
  if (memoryBytes === undefined) return options;
  const gib = 2 ** 30;
  const cache = Math.max(0.25, (memoryBytes / gib - 1) / 2);
  return setOption(options, 'storage.wiredTiger.engineConfig.cacheSizeGB', Math.round(cache * 100) / 100);
}

/** Bytes of the memory limit, else of the request; undefined when neither is set. */
export function memoryBytesOf(resources: {
  readonly limits?: Readonly<Record<string, string | number>> | undefined;
  readonly requests?: Readonly<Record<string, string | number>> | undefined;
}): number | undefined {
  const quantity = resources.limits?.['memory'] ?? resources.requests?.['memory'];
  return quantity === undefined ? undefined : bytes(quantity);
}
