import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../error';
import { chooseDialect } from './dialect';
import { findUnknownParameter } from './parameters';

/** Settings of one process after file and command line are merged. */
export interface ServerOptions {
  readonly argv: readonly string[];
  /** The settings as getCmdLineOpts shows them. */
  readonly parsed: Record<string, unknown>;
  readonly port: number;
  readonly bindIps: readonly string[];
  readonly dbPath: string;
  readonly replSetName: string | undefined;
  readonly oplogSizeMB: number;
  readonly keyFile: string | undefined;
  readonly authorization: boolean;
  readonly logPath: string | undefined;
  readonly dialect: string;
  /** A rollback takes at least this long, ms. */
  readonly leastRollbackMs: number;
  /** Content of the configuration file. */
  readonly file: Readonly<Record<string, unknown>>;
  readonly parameters: Record<string, unknown>;
}

/** Bad settings: mongod prints the message and exits with code 2. */
export class OptionsError extends Error {}

export interface VersionQuestion {
  readonly showVersion: true;
  readonly dialect: string;
}

const loose = z.looseObject({});
const textOrNumber = z.union([z.string(), z.number()]);

const fileSchema = z.strictObject({
  systemLog: z.looseObject({ path: z.string().optional(), destination: z.string().optional() }).optional(),
  processManagement: loose.optional(),
  cloud: loose.optional(),
  net: z
    .looseObject({
      port: z.number().int().min(0).max(65535).optional(),
      bindIp: z.string().optional(),
      bindIpAll: z.boolean().optional(),
      tls: z.looseObject({ mode: z.string().optional() }).optional(),
      ssl: z.looseObject({ mode: z.string().optional() }).optional(),
    })
    .optional(),
  security: z
    .looseObject({
      keyFile: z.string().optional(),
      authorization: z.enum(['enabled', 'disabled']).optional(),
    })
    .optional(),
  setParameter: z.record(z.string(), z.union([textOrNumber, z.boolean(), loose])).optional(),
  storage: z.looseObject({ dbPath: z.string().optional() }).optional(),
  operationProfiling: loose.optional(),
  replication: z
    .looseObject({ replSetName: z.string().optional(), oplogSizeMB: z.number().int().positive().optional() })
    .optional(),
  sharding: loose.optional(),
  auditLog: loose.optional(),
  snmp: loose.optional(),
});

type FileOptions = z.infer<typeof fileSchema>;

const explainIssue = (issue: z.core.$ZodIssue): string => {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return `Unrecognized option: ${[path, issue.keys[0]].filter((part) => part !== '').join('.')}`;
  }
  return `Option ${path}: ${issue.message}`;
};

const readConfigFile = (path: string): FileOptions => {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new OptionsError(`Error reading config file: ${messageOf(error)}`);
  }
  const result = fileSchema.safeParse(content ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new OptionsError(issue === undefined ? 'the config file is not valid' : explainIssue(issue));
};

const flags = {
  config: { type: 'string', short: 'f' },
  port: { type: 'string' },
  bind_ip: { type: 'string' },
  bind_ip_all: { type: 'boolean' },
  ipv6: { type: 'boolean' },
  dbpath: { type: 'string' },
  replSet: { type: 'string' },
  auth: { type: 'boolean' },
  noauth: { type: 'boolean' },
  keyFile: { type: 'string' },
  oplogSize: { type: 'string' },
  logpath: { type: 'string' },
  logappend: { type: 'boolean' },
  nounixsocket: { type: 'boolean' },
  quiet: { type: 'boolean' },
  setParameter: { type: 'string', multiple: true },
  syncdelay: { type: 'string' },
  wiredTigerCacheSizeGB: { type: 'string' },
  version: { type: 'boolean' },
  'version-dialect': { type: 'string' },
} as const;

const parseFlags = (argv: string[]) => {
  try {
    return parseArgs({ args: argv, options: flags, allowPositionals: false }).values;
  } catch (error) {
    throw new OptionsError(`Error parsing command line: ${messageOf(error)}`);
  }
};

const readPort = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new OptionsError(`--port ${text} is not a port: give a number from 0 to 65535`);
  }
  return port;
};

const readSize = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1)
    throw new OptionsError('bad --oplogSize, arg must be greater than 0');
  return size;
};

const refuseTls = (file: FileOptions): void => {
  const mode = file.net?.tls?.mode ?? file.net?.ssl?.mode;
  if (mode !== undefined && mode !== 'disabled') {
    throw new OptionsError(
      `net.tls.mode ${mode}: this stand-in speaks no TLS, remove the setting or use a true mongod`,
    );
  }
};

const readParameters = (
  file: FileOptions,
  given: string[] | undefined,
  dialect: string,
): Record<string, unknown> => {
  const parameters: Record<string, unknown> = { ...file.setParameter };
  for (const pair of given ?? []) {
    const at = pair.indexOf('=');
    if (at < 1) throw new OptionsError(`Illegal option assignment: "${pair}"`);
    parameters[pair.slice(0, at)] = pair.slice(at + 1);
  }
  const unknown = findUnknownParameter(parameters, chooseDialect(dialect).release);
  if (unknown !== undefined) throw new OptionsError(`Illegal --setParameter parameter: "${unknown}"`);
  return parameters;
};

/** Measured on a real server, which goes back to a checkpoint first. */
const measuredRollbackMs = 250;

const present = (entries: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));

/**
 * Merges configuration file and command line as mongod does; the command line wins.
 * @throws OptionsError naming the option that is wrong.
 */
export const readOptions = (
  argv: string[],
  environment: Record<string, string | undefined>,
): ServerOptions | VersionQuestion => {
  const given = parseFlags(argv);
  const dialect = given['version-dialect'] ?? environment['MONGOD_DIALECT'] ?? '4.2';
  if (given.version === true) return { showVersion: true, dialect };
  const file = given.config === undefined ? {} : readConfigFile(given.config);
  refuseTls(file);
  const everywhere = given.bind_ip_all ?? file.net?.bindIpAll ?? false;
  const bindIp = everywhere ? '0.0.0.0' : (given.bind_ip ?? file.net?.bindIp ?? '127.0.0.1');
  const keyFile = given.keyFile ?? file.security?.keyFile;
  const port = readPort(given.port) ?? file.net?.port ?? 27017;
  const dbPath = given.dbpath ?? file.storage?.dbPath ?? '/data/db';
  const replSetName = given.replSet ?? file.replication?.replSetName;
  const oplogSizeMB = readSize(given.oplogSize) ?? file.replication?.oplogSizeMB;
  const asked = given.noauth === true ? false : (given.auth ?? file.security?.authorization === 'enabled');
  const logPath = given.logpath ?? file.systemLog?.path;
  const parsed = {
    ...present({ config: given.config }),
    net: { ...file.net, bindIp, port },
    replication: { ...file.replication, ...present({ oplogSizeMB, replSet: replSetName }) },
    security: { ...file.security, ...present({ keyFile }) },
    ...present({ setParameter: file.setParameter }),
    storage: { ...file.storage, dbPath },
  };
  return {
    argv: ['mongod', ...argv],
    parsed,
    port,
    bindIps: bindIp.split(',').map((ip) => ip.trim()),
    dbPath,
    replSetName: replSetName?.split('/')[0],
    oplogSizeMB: oplogSizeMB ?? 64,
    keyFile,
    authorization: asked || keyFile !== undefined,
    logPath,
    dialect,
    leastRollbackMs: Number(environment['MONGOD_LEAST_ROLLBACK_MS'] ?? measuredRollbackMs),
    parameters: readParameters(file, given.setParameter, dialect),
    file,
  };
};
