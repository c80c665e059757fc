import {
  isRecovery,
  isSurrounding,
  type MembershipStepFacts,
  type Risk,
  type StepContract,
  type StepFacts,
} from '../domain/plan';
import { contractOfRecovery } from './recovery-contract';
import { contractOfSurrounding } from './surrounding-contract';

const RECONFIG_SECONDS = 120;
const SYNC_SECONDS = 24 * 3600;

/** Puts to the facts of a step what a person reads and an executor is held to. */
export function toStep<F extends StepFacts>(facts: F, primaryPriority = 0): F & StepContract {
  const step: StepFacts = facts;
  return {
    ...facts,
    ...(isRecovery(step)
      ? contractOfRecovery(step)
      : isSurrounding(step)
        ? contractOfSurrounding(step)
        : contractOf(step, primaryPriority)),
  };
}

const reconfig = (parts: Omit<StepContract, 'timeoutSeconds' | 'risk'> & { risk?: Risk }): StepContract => ({
  risk: 'safe',
  timeoutSeconds: RECONFIG_SECONDS,
  ...parts,
});

function contractOf(step: MembershipStepFacts, primaryPriority: number): StepContract {
  switch (step.kind) {
    case 'initiate':
      return {
        precondition: 'no member has a configuration; all listed members answer and are empty',
        effect: `replica set ${step.setName} exists with ${step.members.length} members`,
        proof: `${step.host} reports a configuration`,
        undo: 'forward-only',
        timeoutSeconds: 60,
        risk: 'safe',
      };
    case 'stepUp':
      return {
        precondition: `${step.host} may be elected`,
        effect: `${step.host} is primary without waiting for the first election timeout`,
        proof: `${step.host} answers as writable primary`,
        undo: 'forward-only',
        timeoutSeconds: 60,
        risk: 'primaryChange',
      };
    case 'createUsers':
      return {
        precondition: 'a primary that a majority follows',
        effect: 'root, clusterAdmin and clusterMonitor exist with the present passwords',
        proof: 'each signs in',
        undo: 'forward-only',
        timeoutSeconds: 60,
        risk: 'safe',
      };
    case 'setDefaultWriteConcern':
      return {
        precondition: 'version 5.0 or later, and no default write concern set by hand',
        effect: `the default write concern is ${step.w}, whatever the number of arbiters (S17)`,
        proof: 'getDefaultRWConcern',
        undo: 'setDefaultRWConcern with another value',
        timeoutSeconds: 60,
        risk: 'safe',
      };
    case 'addMember': {
      const hosts = step.members.map((member) => member.host).join(', ');
      return reconfig({
        precondition: `${hosts} run and belong to no other set`,
        effect: step.members.some((member) => member.arbiterOnly)
          ? `${hosts} votes as arbiter (S6)`
          : `${hosts} in the configuration without vote (S10)`,
        proof: 'committed configuration',
        undo: `removeMember ${hosts}`,
      });
    }
    case 'waitSync':
      return {
        precondition: 'the members are in the configuration',
        effect: 'none',
        proof: `${step.hosts.join(', ')}: SECONDARY, at most ${step.maxLagSeconds} s behind`,
        undo: 'nothing to undo',
        timeoutSeconds: SYNC_SECONDS,
        risk: 'safe',
      };
    case 'grantVote':
      return reconfig({
        precondition: `${step.host} is SECONDARY and its lag is small (S10)`,
        effect: `${step.host} votes`,
        proof: 'committed configuration',
        undo: `revokeVote ${step.host}`,
      });
    case 'setPriority':
      return reconfig({
        precondition: `${step.host} votes`,
        effect: `${step.host} has priority ${step.priority}`,
        proof: 'committed configuration',
        undo: 'setPriority to the former value',
        risk: step.priority > primaryPriority ? 'primaryChange' : 'safe',
      });
    case 'setMemberFields':
      return reconfig({
        precondition: `${step.host} is in the configuration${step.priority === 0 ? ' and not primary' : ''}`,
        effect: `${step.host}: ${describeFields(step)}`,
        proof: 'committed configuration',
        undo: 'setMemberFields to the former values',
        risk: step.newHost === undefined ? 'safe' : 'quorum',
      });
    case 'revokeVote':
      return reconfig({
        precondition: `${step.host} is not primary; without it a majority is healthy (S9)`,
        effect: `${step.host} neither votes nor may be elected`,
        proof: 'committed configuration',
        undo: `waitSync, then grantVote ${step.host}`,
        risk: 'quorum',
      });
    case 'stepDown':
      return {
        precondition: 'another member that stays is caught up and electable (S14)',
        effect: `${step.host} is no longer primary; another is`,
        proof: 'another member answers as writable primary',
        undo: `switch over to ${step.host}`,
        timeoutSeconds: 120,
        risk: 'primaryChange',
      };
    case 'removeMember': {
      const hosts = step.members.map((member) => member.host).join(', ');
      return reconfig({
        precondition: `${hosts} not primary; without it a majority is healthy (S9, S11)`,
        effect: `${hosts} out of the configuration`,
        proof: 'committed configuration',
        undo: `addMember ${hosts} under a new _id`,
        risk: 'quorum',
      });
    }
  }
}

function describeFields(step: Extract<MembershipStepFacts, { kind: 'setMemberFields' }>): string {
  return [
    ...(step.newHost === undefined ? [] : [`is now at ${step.newHost}`]),
    ...(step.hidden === undefined ? [] : [step.hidden ? 'hidden' : 'no longer hidden']),
    ...(step.secondaryDelaySecs === undefined ? [] : [`delayed ${step.secondaryDelaySecs} s`]),
    ...(step.priority === undefined ? [] : ['priority 0']),
    ...(step.tags === undefined ? [] : ['new tags']),
  ].join(', ');
}
