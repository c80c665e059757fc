import { Double } from 'bson';
import type { Doc } from './doc';

/** Names of error codes, server's `error_codes.yml`; the second name holds from 4.4.x/5.0 on where MongoDB renamed it. */
const names: Record<number, string | [string, string]> = {
  1: 'InternalError',
  2: 'BadValue',
  4: 'NoSuchKey',
  6: 'HostUnreachable',
  7: 'HostNotFound',
  9: 'FailedToParse',
  11: 'UserNotFound',
  12: 'UnsupportedFormat',
  13: 'Unauthorized',
  14: 'TypeMismatch',
  17: 'ProtocolError',
  18: 'AuthenticationFailed',
  20: 'IllegalOperation',
  23: 'AlreadyInitialized',
  26: 'NamespaceNotFound',
  27: 'IndexNotFound',
  31: 'RoleNotFound',
  43: 'CursorNotFound',
  48: 'NamespaceExists',
  50: 'MaxTimeMSExpired',
  59: 'CommandNotFound',
  64: 'WriteConcernFailed',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  72: 'InvalidOptions',
  73: 'InvalidNamespace',
  74: 'NodeNotFound',
  76: 'NoReplicationEnabled',
  79: 'UnknownReplWriteConcern',
  85: 'IndexOptionsConflict',
  91: 'ShutdownInProgress',
  93: 'InvalidReplicaSetConfig',
  94: 'NotYetInitialized',
  95: 'NotSecondary',
  96: 'OperationFailed',
  100: 'UnsatisfiableWriteConcern',
  103: 'NewReplicaSetConfigurationIncompatible',
  108: 'InconsistentReplicaSetNames',
  109: 'ConfigurationInProgress',
  115: 'CommandNotSupported',
  117: 'ConflictingOperationInProgress',
  123: 'NotAReplicaSet',
  125: 'CommandFailed',
  136: 'CappedPositionLost',
  186: 'ClientMetadataCannotBeMutated',
  189: 'PrimarySteppedDown',
  211: 'KeyNotFound',
  225: 'TransactionTooOld',
  258: 'UnknownFeatureCompatibilityVersion',
  262: 'ExceededTimeLimit',
  263: 'OperationNotSupportedInTransaction',
  308: 'CurrentConfigNotCommittedYet',
  10107: ['NotMaster', 'NotWritablePrimary'],
  11000: 'DuplicateKey',
  11600: 'InterruptedAtShutdown',
  11602: 'InterruptedDueToReplStateChange',
  13435: ['NotMasterNoSlaveOk', 'NotPrimaryNoSecondaryOk'],
  13436: ['NotMasterOrSecondary', 'NotPrimaryOrSecondary'],
};

/** The name of an error code; `modern` picks the names of 4.4 and later. */
export const codeName = (code: number, modern: boolean): string => {
  const name = names[code];
  if (name === undefined) return `Location${code}`;
  return typeof name === 'string' ? name : name[modern ? 1 : 0];
};

/** A refusal that the client sees as `{ok: 0, errmsg, code, codeName}`. */
export class CommandError extends Error {
  readonly code: number | null;
  readonly extra: Doc;

  constructor(code: number | null, message: string, extra: Doc = {}) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
    this.extra = extra;
  }
}

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The reply to a failed command, without the cluster time. */
export const renderError = (error: unknown, modern: boolean): Doc => {
  const known = error instanceof CommandError ? error : new CommandError(1, messageOf(error));
  const base: Doc = { ok: new Double(0), errmsg: known.message };
  if (known.code !== null) {
    base['code'] = known.code;
    base['codeName'] = codeName(known.code, modern);
  }
  return { ...base, ...known.extra };
};
