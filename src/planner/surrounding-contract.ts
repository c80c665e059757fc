import type { StepContract, SurroundingStepFacts } from '../domain/plan';

const PODS_SECONDS = 3600;

/** Contracts of the steps around a replica set: placement, objects, pods. */
export function contractOfSurrounding(step: SurroundingStepFacts): StepContract {
  switch (step.kind) {
    case 'place':
      return {
        precondition: 'there is room for every member, reserved',
        effect: `placement ${step.shares.map((share) => `${share.cluster} ${share.replicaset}${share.arbiter === true ? '+arbiter' : ''}`).join(', ')}`,
        proof: 'annotation schedulerResult',
        undo: 'the former placement',
        timeoutSeconds: 60,
        risk: 'safe',
      };
    case 'dispatch':
      return {
        precondition: 'nothing foreign stands where our objects go',
        effect: `templates and overrides for ${step.clusters.join(', ')}`,
        proof: 'each member manager reports the revision of its override',
        undo: 'dispatch of the former spec',
        timeoutSeconds: 600,
        risk: 'safe',
      };
    case 'waitPods':
      return {
        precondition: 'the members are dispatched',
        effect: `${step.hosts.join(', ')} run`,
        proof: 'pods are ready in the reports of their clusters',
        undo: 'nothing to undo',
        timeoutSeconds: PODS_SECONDS,
        risk: 'safe',
      };
    case 'restartMember':
      return {
        precondition: 'not primary; every other voter is healthy (S2, S9)',
        effect: `${step.host} runs with the present pod template`,
        proof: 'a pod of the present template is ready; the other members see it SECONDARY',
        undo: 'restart with the former template',
        timeoutSeconds: PODS_SECONDS,
        risk: 'quorum',
      };
    case 'retireMember':
      return {
        precondition: 'out of the committed configuration (S11)',
        effect: `${step.cluster}/${step.ordinal} is taken away; its volume as storage.whenScaled says`,
        proof: 'its cluster reports it gone',
        undo: 'forward-only',
        timeoutSeconds: PODS_SECONDS,
        risk: 'safe',
      };
    case 'soak':
      return {
        precondition: `every member runs ${step.version} and is healthy (S22)`,
        effect: `${step.version} is to run for ${step.seconds} s before its point of no return`,
        proof: 'annotation middleware.fedstate.io/soaking',
        undo: 'the former image, as long as the feature compatibility version is not raised (S22)',
        timeoutSeconds: 60,
        risk: 'safe',
      };
    case 'setFCV':
      return {
        precondition: `every member runs ${step.version} and is healthy (S22)`,
        effect: `feature compatibility version ${step.version}`,
        proof: 'getParameter featureCompatibilityVersion on a majority of members',
        undo: 'forward-only: from now on older binaries refuse to start',
        timeoutSeconds: 600,
        risk: 'pointOfNoReturn',
      };
  }
}
