import { z } from 'zod';
import { FedStateError, type ErrorKind } from '../domain/errors';

const statusSchema = z.looseObject({
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z.looseObject({ retryAfterSeconds: z.number().optional() }).optional(),
});

/**
 * The API server's refusal as one of ours. `facts.status` is the HTTP status, `facts.reason` the Kubernetes reason.
 * Kinds: 404 NotFound · 401/403 Unauthorized · 409 Conflict · 400/422, and 500 for a field of the wrong type, InvalidSpec ·
 * 429/5xx Unreachable.
 */
export function toKubeError(status: number, body: string, action: string): FedStateError {
  const answer = parseStatus(body);
  const reason = answer.reason ?? 'Unknown';
  const facts = {
    status,
    reason,
    ...(answer.details?.retryAfterSeconds === undefined
      ? {}
      : { retryAfterSeconds: answer.details.retryAfterSeconds }),
  };
  return new FedStateError(
    kindOf(status, answer.message ?? ''),
    `${action}: ${answer.message ?? `HTTP ${status}`}`,
    facts,
  );
}

/** True for the answer that a watch or a list is too old to go on from (HTTP 410). */
export function isExpired(error: unknown): boolean {
  return error instanceof FedStateError && error.facts['status'] === 410;
}

function parseStatus(body: string): z.infer<typeof statusSchema> {
  try {
    const parsed = statusSchema.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data;
  } catch {
    // Not JSON: a proxy answered in the API server's place.
  }
  return body === '' ? {} : { message: body.slice(0, 300) };
}

// Server-side apply of a field of another type, or of one that is not there, ends in a bare 500.
const MISTYPED = /^failed to create typed patch object/;

function kindOf(status: number, message: string): ErrorKind {
  if (status === 500 && MISTYPED.test(message)) return 'InvalidSpec';
  if (status === 404) return 'NotFound';
  if (status === 401 || status === 403) return 'Unauthorized';
  if (status === 409 || status === 410) return 'Conflict';
  if (status === 400 || status === 405 || status === 415 || status === 422) return 'InvalidSpec';
  return 'Unreachable';
}
