import { ObjectId } from 'bson';
import { type Doc, isDoc, isTruthy, printDoc, readDoc, readNumber, toNumber, typeName } from '../doc';
import { CommandError } from '../error';
import type { Dialect } from '../options/dialect';

/** One member as configured. Defaults are filled in. `delaySecs`: seconds a delayed member stays behind. */
export interface MemberConfig {
  readonly id: number;
  readonly host: string;
  readonly arbiterOnly: boolean;
  readonly buildIndexes: boolean;
  readonly hidden: boolean;
  readonly priority: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly delaySecs: number;
  readonly votes: number;
  readonly horizons: Readonly<Record<string, string>>;
  /** 5.0 and later: has no vote until it is SECONDARY (S10). */
  readonly newlyAdded: boolean;
}

/** Settings; times in milliseconds unless the name says otherwise. */
export interface ConfigSettings {
  readonly chainingAllowed: boolean;
  readonly heartbeatIntervalMillis: number;
  readonly heartbeatTimeoutSecs: number;
  readonly electionTimeoutMillis: number;
  readonly catchUpTimeoutMillis: number;
  readonly catchUpTakeoverDelayMillis: number;
  readonly getLastErrorModes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly getLastErrorDefaults: Doc;
  readonly replicaSetId: ObjectId | undefined;
}

export interface ReplicaSetConfig {
  readonly setName: string;
  readonly version: number;
  /** -1 where configurations have no term (4.2, and after a forced reconfiguration). */
  readonly term: number;
  readonly protocolVersion: number;
  readonly configsvr: boolean;
  readonly writeConcernMajorityJournalDefault: boolean;
  readonly members: readonly MemberConfig[];
  readonly settings: ConfigSettings;
}

const invalid = (message: string): CommandError => new CommandError(93, message);

/** A refusal inside one member, told with its kind as the server does. */
class MemberError extends Error {}

const configFields = [
  '_id',
  'version',
  'members',
  'settings',
  'protocolVersion',
  'configsvr',
  'writeConcernMajorityJournalDefault',
];

const memberFields = [
  '_id',
  'host',
  'votes',
  'priority',
  'hidden',
  'arbiterOnly',
  'buildIndexes',
  'tags',
  'horizons',
];

/** The name of a member's delay: slaveDelay before 5.0. */
export const delayField = (dialect: Dialect): string =>
  dialect.implicitMajority ? 'secondaryDelaySecs' : 'slaveDelay';

const checkHost = (host: string): void => {
  if (host === '') throw new MemberError('FailedToParse: Empty host component parsing HostAndPort from ""');
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) {
    throw new MemberError(
      `FailedToParse: Port number ${port} out of range parsing HostAndPort from "${host}"`,
    );
  }
};

const withPort = (host: string): string => (/:\d+$/.test(host) ? host : `${host}:27017`);

const memberNumber = (doc: Doc, field: string, otherwise: number): number => {
  const value = doc[field];
  if (value === undefined) return otherwise;
  const number = toNumber(value);
  if (number === undefined) {
    throw new MemberError(
      `TypeMismatch: Expected field "${field}" to have numeric type, but found ${typeName(value)}`,
    );
  }
  return number;
};

const stringMap = (doc: Doc, field: string): Record<string, string> => {
  const value = doc[field];
  if (value === undefined) return {};
  if (!isDoc(value)) {
    throw new MemberError(
      `TypeMismatch: "${field}" had the wrong type. Expected object, found ${typeName(value)}`,
    );
  }
  const result: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new MemberError(
        `TypeMismatch: ${field}.${name} field has non-string value of type ${typeName(text)}`,
      );
    }
    result[name] = text;
  }
  return result;
};

const parseMember = (doc: Doc, dialect: Dialect): MemberConfig => {
  const known = [...memberFields, delayField(dialect), ...(dialect.implicitMajority ? ['newlyAdded'] : [])];
  const unknown = Object.keys(doc).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new MemberError(`BadValue: Unexpected field ${unknown} in replica set member configuration`);
  }
  const id = doc['_id'];
  if (id === undefined) throw new MemberError('NoSuchKey: _id field is missing');
  const idNumber = toNumber(id);
  if (idNumber === undefined)
    throw new MemberError(`TypeMismatch: _id field has non-numeric type ${typeName(id)}`);
  const host = doc['host'];
  if (host === undefined) throw new MemberError('NoSuchKey: Missing expected field "host"');
  if (typeof host !== 'string') {
    throw new MemberError(
      `TypeMismatch: "host" had the wrong type. Expected string, found ${typeName(host)}`,
    );
  }
  checkHost(host);
  const arbiterOnly = isTruthy(doc['arbiterOnly']);
  const priority = memberNumber(doc, 'priority', 1);
  return {
    id: Math.trunc(idNumber),
    host: withPort(host),
    arbiterOnly,
    buildIndexes: doc['buildIndexes'] === undefined || isTruthy(doc['buildIndexes']),
    hidden: isTruthy(doc['hidden']),
    priority: arbiterOnly && priority === 1 ? 0 : priority,
    tags: stringMap(doc, 'tags'),
    delaySecs: memberNumber(doc, delayField(dialect), 0),
    votes: memberNumber(doc, 'votes', 1),
    horizons: stringMap(doc, 'horizons'),
    newlyAdded: isTruthy(doc['newlyAdded']),
  };
};

const parseMembers = (doc: Doc, dialect: Dialect): MemberConfig[] => {
  const members = doc['members'];
  if (members === undefined) throw invalid('Missing expected field "members"');
  if (!Array.isArray(members)) {
    throw invalid(`"members" had the wrong type. Expected array, found ${typeName(members)}`);
  }
  return members.map((member: unknown) => {
    if (!isDoc(member))
      throw invalid(`Expected type of members.0 to be Object, but found ${typeName(member)}`);
    try {
      return parseMember(member, dialect);
    } catch (error) {
      if (error instanceof MemberError) throw invalid(`${error.message} for member:${printDoc(member)}`);
      throw error;
    }
  });
};

const settingNumber = (
  doc: Doc,
  field: string,
  otherwise: number,
  check: (value: number) => string | undefined,
): number => {
  const value = doc[field];
  if (value === undefined) return otherwise;
  const number = toNumber(value);
  if (number === undefined) {
    throw invalid(`Expected field "${field}" to have numeric type, but found ${typeName(value)}`);
  }
  const complaint = check(number);
  if (complaint !== undefined) throw invalid(`Invalid value in field "${field}": ${number}: ${complaint}`);
  return number;
};

const positive =
  (name: string) =>
  (value: number): string | undefined =>
    value > 0 ? undefined : `${name} must be greater than 0`;

const parseModes = (doc: Doc, members: readonly MemberConfig[]): ConfigSettings['getLastErrorModes'] => {
  const modes: Record<string, Record<string, number>> = {};
  const keys = new Set(members.flatMap((member) => Object.keys(member.tags)));
  for (const [name, constraint] of Object.entries(doc)) {
    if (!isDoc(constraint))
      throw invalid(`Expected 'getLastErrorModes.${name}' to be an Object, it is ${typeName(constraint)}`);
    const counts: Record<string, number> = {};
    for (const [tag, count] of Object.entries(constraint)) {
      if (!keys.has(tag)) throw invalid(`No replica set tag key ${tag} in config`);
      counts[tag] = toNumber(count) ?? 0;
    }
    modes[name] = counts;
  }
  return modes;
};

const parseSettings = (doc: Doc, members: readonly MemberConfig[]): ConfigSettings => {
  const catchUp = (value: number): string | undefined =>
    value >= -1 ? undefined : 'catch-up timeout must be positive, 0 (no catch-up) or -1 (infinite catch-up).';
  const takeover = (value: number): string | undefined =>
    value >= -1
      ? undefined
      : 'catch-up takeover delay must be -1 (no catch-up takeover) or greater than or equal to 0.';
  const replicaSetId = doc['replicaSetId'];
  return {
    chainingAllowed: doc['chainingAllowed'] === undefined || isTruthy(doc['chainingAllowed']),
    heartbeatIntervalMillis: settingNumber(
      doc,
      'heartbeatIntervalMillis',
      2000,
      positive('heartbeat interval'),
    ),
    heartbeatTimeoutSecs: settingNumber(doc, 'heartbeatTimeoutSecs', 10, positive('heartbeat timeout')),
    electionTimeoutMillis: settingNumber(doc, 'electionTimeoutMillis', 10_000, positive('election timeout')),
    catchUpTimeoutMillis: settingNumber(doc, 'catchUpTimeoutMillis', -1, catchUp),
    catchUpTakeoverDelayMillis: settingNumber(doc, 'catchUpTakeoverDelayMillis', 30_000, takeover),
    getLastErrorModes: parseModes(readDoc(doc, 'getLastErrorModes') ?? {}, members),
    getLastErrorDefaults: readDoc(doc, 'getLastErrorDefaults') ?? { w: 1, wtimeout: 0 },
    replicaSetId: replicaSetId instanceof ObjectId ? replicaSetId : undefined,
  };
};

const demandNumber = (doc: Doc, field: string): number => {
  const value = doc[field];
  if (value === undefined) throw invalid(`Missing expected field "${field}"`);
  const number = toNumber(value);
  if (number === undefined)
    throw invalid(`Expected field "${field}" to have numeric type, but found ${typeName(value)}`);
  return number;
};

/**
 * Reads a configuration document. `initiating`: version and protocolVersion may be missing, replicaSetId must be.
 * @throws CommandError 93 with the server's words for what is malformed.
 */
export const parseConfig = (doc: Doc, dialect: Dialect, initiating: boolean): ReplicaSetConfig => {
  const known = dialect.safeReconfig ? [...configFields, 'term'] : configFields;
  const unknown = Object.keys(doc).find((field) => !known.includes(field));
  if (unknown !== undefined) throw invalid(`Unexpected field ${unknown} in replica set configuration`);
  const setName = doc['_id'];
  if (setName === undefined) throw invalid('Missing expected field "_id"');
  if (typeof setName !== 'string')
    throw invalid(`"_id" had the wrong type. Expected string, found ${typeName(setName)}`);
  const version = initiating && doc['version'] === undefined ? 1 : demandNumber(doc, 'version');
  const members = parseMembers(doc, dialect);
  const protocolVersion =
    initiating && doc['protocolVersion'] === undefined ? 1 : demandNumber(doc, 'protocolVersion');
  const settings = parseSettings(readDoc(doc, 'settings') ?? {}, members);
  if (initiating && settings.replicaSetId !== undefined) {
    const shown = printDoc('version' in doc ? doc : { ...doc, version: 1 });
    throw invalid(
      `replica set configuration cannot contain 'replicaSetId' field when called from replSetInitiate: ${shown}`,
    );
  }
  return {
    setName,
    version,
    term: readNumber(doc, 'term') ?? -1,
    protocolVersion,
    configsvr: isTruthy(doc['configsvr']),
    writeConcernMajorityJournalDefault:
      doc['writeConcernMajorityJournalDefault'] === undefined ||
      isTruthy(doc['writeConcernMajorityJournalDefault']),
    members,
    settings,
  };
};
