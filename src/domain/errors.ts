/** What went wrong, in the words every room shares. `InvalidSpec` and `Superseded` are never retried. */
export type ErrorKind =
  | 'InvalidSpec'
  | 'Conflict'
  | 'NotFound'
  | 'Unauthorized'
  | 'NotPrimary'
  | 'NotReady'
  | 'Unreachable'
  | 'Refused'
  | 'Superseded';

export type Facts = Readonly<Record<string, string | number | boolean>>;

/** The one error class of the project: a kind to act on, a sentence to read, facts to search by. Never holds a secret. */
export class FedStateError extends Error {
  override readonly name = 'FedStateError';

  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly facts: Facts = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Text of anything caught, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether this is our error, and of this kind if one is named. */
export function isFedStateError(error: unknown, kind?: ErrorKind): error is FedStateError {
  return error instanceof FedStateError && (kind === undefined || error.kind === kind);
}
