import type { MiddlewareProfile } from './profile';
import type { ScheduleRequest } from './request';

/** What the middleware does not allow, whatever room there is: names the field and the remedy. Undefined when it is sound. */
export function refuseRequest(
  { members, arbiter, clusterWeights }: ScheduleRequest,
  profile: MiddlewareProfile,
): string | undefined {
  if (!Number.isInteger(members) || members < 1 || members > profile.maxMembers) {
    return `replicaset is ${members}: ${profile.name} takes 1 to ${profile.maxMembers} members (S5). Set it in these limits.`;
  }
  if (arbiter && profile.arbiter === 'forbidden') {
    return `config.arbiter is true, but ${profile.name} knows no arbiter: set it to false.`;
  }
  if (arbiter && members % 2 === 1) {
    return `config.arbiter is true with an odd replicaset (${members}): an arbiter is only to make an even number odd (S6). Set it to false, or make replicaset even.`;
  }
  for (const [cluster, weight] of Object.entries(clusterWeights ?? {})) {
    if (!Number.isInteger(weight) || weight < 0) {
      return `scheduler.clusterWeights["${cluster}"] is ${weight}: write a whole number from 0.`;
    }
  }
  return undefined;
}
