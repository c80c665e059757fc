import { z } from 'zod';
import { FedStateError } from '../domain/errors';
import type { SchedulerResult } from '../domain/placement';

const schedulerResultSchema = z.object({
  ClusterWithReplicaset: z.array(
    z.object({
      cluster: z.string().min(1, 'is empty'),
      replicaset: z.int(),
      arbiter: z.boolean().optional(),
    }),
  ),
});

const EXAMPLE =
  '{"ClusterWithReplicaset":[{"cluster":"east","replicaset":2},{"cluster":"west","replicaset":1}]}';

/**
 * The annotation `schedulerResult`, whoever wrote it; whether it fits the instance is for `placementOfResult` to say.
 * @throws FedStateError InvalidSpec naming the field and the remedy
 */
export function readSchedulerResult(annotation: string): SchedulerResult {
  const parsed = schedulerResultSchema.safeParse(parseJson(annotation));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const field = issue.path.map(String).join('.');
    return field === '' ? issue.message : `${field}: ${issue.message}`;
  });
  throw new FedStateError('InvalidSpec', `${problems.join('; ')}. Expected for example ${EXAMPLE}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FedStateError('InvalidSpec', `it is not JSON. Expected for example ${EXAMPLE}.`);
  }
}
