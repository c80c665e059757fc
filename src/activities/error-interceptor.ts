import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { FedStateError, type ErrorKind } from '../domain/errors';

/** The one seam where our errors become Temporal's: type = kind, details = facts, no stack of secrets. */
export function createErrorInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(
      input: ActivityExecuteInput,
      next: Next<ActivityInboundCallsInterceptor, 'execute'>,
    ): Promise<unknown> {
      try {
        return await next(input);
      } catch (error) {
        throw error instanceof FedStateError ? toFailure(error) : error;
      }
    },
  };
}

export function toFailure(error: FedStateError): ApplicationFailure {
  const retryAfter = error.facts['retryAfterSeconds'];
  return ApplicationFailure.create({
    message: error.message,
    type: error.kind,
    details: [error.facts],
    nonRetryable: NEVER_RETRIED.has(error.kind),
    ...(error.kind === 'NotReady' ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(typeof retryAfter === 'number' ? { nextRetryDelay: retryAfter * 1000 } : {}),
  });
}

const NEVER_RETRIED: ReadonlySet<ErrorKind> = new Set(['InvalidSpec', 'Superseded']);
