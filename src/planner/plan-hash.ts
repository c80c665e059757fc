import { createHash } from 'node:crypto';
import type { PlanInput } from '../domain/plan';
import type { ReplicaSetConfig } from '../domain/replica-set';

/** 16 hex digits over what was decided upon: another generation, configuration or wish gives another plan. */
export function hashPlan(input: PlanInput, config: ReplicaSetConfig | undefined): string {
  const desired = [...input.desired]
    .sort((a, b) => a.host.localeCompare(b.host, 'en'))
    .map((member) => [
      member.cluster,
      member.ordinal,
      member.host,
      member.votes,
      member.priority,
      member.hidden,
      member.secondaryDelaySecs,
      Object.entries(member.tags).sort(([a], [b]) => a.localeCompare(b, 'en')),
    ]);
  const facts = [
    input.setName,
    input.generation,
    config?.replicaSetId ?? null,
    config?.version ?? null,
    config?.term ?? null,
    desired,
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
