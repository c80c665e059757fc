import type { RecoveryStepFacts, StepContract } from '../domain/plan';

/** Contracts of the steps that recover a lost majority (S4). */
export function contractOfRecovery(step: RecoveryStepFacts): StepContract {
  switch (step.kind) {
    case 'fence':
      return {
        precondition: `nobody sees a member in ${step.clusters.join(', ')} alive (S20)`,
        effect: `members in ${step.clusters.join(', ')} are shut off: at once where the cluster answers, else as soon as it is reached; their volumes stay`,
        proof: 'each Work carries the order; clusters that answer report their members gone',
        undo: 'taken back by itself when nothing is forced after it',
        timeoutSeconds: 600,
        risk: 'quorum',
      };
    case 'forceReconfig': {
      const hosts = step.members.map(({ host }) => host);
      return {
        precondition: `no primary and no majority; ${step.host} holds version ${step.expected.version} and the latest operation of all that answer; the others are fenced`,
        effect: `${hosts.join(', ')} alone ${hosts.length === 1 ? 'is' : 'are'} the set`,
        proof: `${step.host} reports that configuration`,
        undo: 'forward-only: what only the others hold is lost',
        timeoutSeconds: 120,
        risk: 'force',
      };
    }
  }
}
