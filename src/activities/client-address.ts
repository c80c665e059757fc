import type { HealthVerdict } from '../domain/health';
import { REPLICA_SET_NAME } from '../domain/names';
import { buildConnectionString } from '../mongodb/connection-string';

/** Hosts a client should know: data-bearing, not hidden, in the configuration. */
export function clientHosts(health: HealthVerdict): string[] {
  return (health.config?.members ?? [])
    .filter((member) => !member.arbiterOnly && !member.hidden)
    .map((member) => member.host);
}

/** Without user and password: for status. */
export function publicConnectionString(health: HealthVerdict): string {
  return buildConnectionString({ hosts: clientHosts(health), setName: REPLICA_SET_NAME });
}
