/** Exit codes of the command line: 1 failed, 2 wrong use, 3 this machine cannot run the stack. */
export type ExitCode = 1 | 2 | 3;

/** A failure told to the user as one line without a stack trace. */
export class StackError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StackError';
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
