import {
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoClientClosedError,
} from 'mongodb';
import { FedStateError, messageOf, type ErrorKind, type Facts } from '../domain/errors';

/** Server codes that we act on (server: src/mongo/base/error_codes.yml). */
export const CODES = {
  unauthorized: 13,
  authenticationFailed: 18,
  alreadyInitialized: 23,
  maxTimeExpired: 50,
  commandNotFound: 59,
  invalidReplicaSetConfig: 93,
  notYetInitialized: 94,
  unknownFeatureCompatibilityVersion: 258,
  userExists: 51003,
} as const;

const NOT_PRIMARY = new Set([91, 189, 10058, 10107, 11600, 11602, 13435, 13436]);
// NodeNotFound (a member did not answer the quorum check), WriteConcernFailed, UnsatisfiableWriteConcern,
// ConfigurationInProgress, ConflictingOperationInProgress, CommandFailed ("Election failed"), ExceededTimeLimit
// (nobody has caught up), CurrentConfigNotCommittedYet: time or another member cures them.
const NOT_READY = new Set<number>([
  64,
  74,
  100,
  109,
  117,
  125,
  262,
  308,
  CODES.maxTimeExpired,
  CODES.notYetInitialized,
]);

/**
 * The one seam between the driver's errors and ours: Unreachable, Unauthorized, NotPrimary, NotReady, Refused; facts
 * are `host`, `action` and, when the server answered, `code` and `codeName`. The driver's own error is not carried
 * along: it may quote a command.
 */
export function translateError(error: unknown, host: string, action: string): unknown {
  if (error instanceof FedStateError) return error;
  if (error instanceof MongoServerError) return serverError(error, host, action);
  const isUnreachable =
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError;
  if (!isUnreachable) return error;
  const facts = { host, action, timedOut: error instanceof MongoNetworkTimeoutError };
  return new FedStateError(
    'Unreachable',
    `${host} cannot be reached: ${withoutCommand(error.message)}`,
    facts,
  );
}

/** Also for write concern errors, which come inside an answer that is otherwise `ok`. */
export function replyError(
  host: string,
  action: string,
  answer: { readonly code: number; readonly codeName?: string | undefined; readonly errmsg: string },
): FedStateError {
  const kind = kindOf(answer.code);
  const name = answer.codeName ?? `code ${answer.code}`;
  const facts: Facts = { host, action, code: answer.code, codeName: name };
  return new FedStateError(
    kind,
    `${host} answered ${action} with ${name}: ${withoutCommand(answer.errmsg)}`,
    facts,
  );
}

function serverError(error: MongoServerError, host: string, action: string): FedStateError {
  const code = typeof error.code === 'number' ? error.code : 0;
  return replyError(host, action, { code, codeName: error.codeName, errmsg: messageOf(error) });
}

function kindOf(code: number): ErrorKind {
  if (NOT_PRIMARY.has(code)) return 'NotPrimary';
  if (code === CODES.unauthorized || code === CODES.authenticationFailed) return 'Unauthorized';
  return NOT_READY.has(code) ? 'NotReady' : 'Refused';
}

/** "not authorized on admin to execute command { … }" quotes the command, which may hold a password. */
const withoutCommand = (message: string): string => message.replace(/\{[\s\S]*\}/, '{…}').slice(0, 500);

/** Whether the server answered with this code. */
export const hasCode = (error: unknown, code: number): boolean =>
  error instanceof FedStateError && error.facts['code'] === code;
