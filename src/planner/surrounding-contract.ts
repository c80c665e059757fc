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
    case 'rotatePasswords':
      return {
        precondition: 'a primary that a majority follows',
        effect: `new passwords for ${step.users.join(', ')}`,
        proof: 'each signs in with the new one, which clients find in the connection Secret',
        undo: 'forward-only: rotate again',
        timeoutSeconds: 600,
        risk: 'safe',
      };
    case 'shareCredentials':
      return {
        precondition: 'the Secret of credentials is dispatched',
        effect: 'none',
        proof: 'each member manager reports the revision of the credentials',
        undo: 'nothing to undo',
        timeoutSeconds: 600,
        risk: 'safe',
      };
    case 'writeKeyfile':
      return {
        precondition: KEYFILE[step.keys].precondition,
        effect: KEYFILE[step.keys].effect,
        proof: 'each member manager reports the revision of the credentials',
        undo: KEYFILE[step.keys].undo,
        timeoutSeconds: 600,
        risk: 'safe',
      };
    case 'retireKey':
      return {
        precondition: 'every member runs with the new key alone',
        effect: 'the old key is forgotten',
        proof: 'every member takes the new key and refuses the old one',
        undo: 'forward-only: rotate again',
        timeoutSeconds: 600,
        risk: 'safe',
      };
    case 'setParameter':
      return {
        precondition: 'the member answers; mongod takes each of these while it runs',
        effect: `${step.host} runs with ${step.settings.map(({ option, value }) => `${option} ${value}`).join(', ')}`,
        proof: 'getParameter, or profile for slow operations, tells each value',
        undo: `${step.host} back to ${step.settings.map(({ option, was }) => `${option} ${was ?? 'as it was'}`).join(', ')}`,
        timeoutSeconds: 60,
        risk: 'safe',
      };
    case 'wipeMember':
      return {
        precondition:
          'neither primary nor voter (S10); every other voter is healthy (S2); another member has the data (S19)',
        effect: `${step.host} begins anew with an empty volume`,
        proof: 'its volume claim is another one and its pod is ready',
        undo: 'forward-only: its data is copied from the others',
        timeoutSeconds: PODS_SECONDS,
        risk: 'dataLoss',
      };
  }
}

/** S23: at each moment every two members, and we, share a key. */
const KEYFILE = {
  both: {
    precondition: 'every member runs with the old key',
    effect: 'the keyfile holds the old key and a new one',
    undo: 'writeKeyfile with the old key alone, and the restarts again',
  },
  new: {
    precondition: 'every member takes the new key (S23)',
    effect: 'the keyfile holds the new key alone',
    undo: 'forward-only: rotate again',
  },
  old: {
    precondition: 'every member takes the old key (S23)',
    effect: 'the keyfile holds the old key alone again',
    undo: 'rotate again',
  },
} as const;
