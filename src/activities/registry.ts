import { createChangePlanActivities } from './change-plan';
import { createChangeStepActivities } from './change-steps';
import type { ActivityContext } from './context';
import { createCredentialActivities } from './credentials';
import { createDispatchActivities } from './dispatch';
import { createEntityActivities } from './entity';
import { createFailoverActivities } from './failover';
import { createFailoverDoorActivities } from './failover-door';
import { createHealthActivities } from './health';
import { createMemberActivities } from './members';
import { createOpenOperationActivities } from './open-operations';
import { createPlacementActivities } from './placement';
import { createPublicationActivities } from './publication';
import { createRecoverMajorityActivities } from './recover-majority';
import { createReferenceActivities } from './references';
import { createRemovalActivities } from './removal';
import { createReplicaSetActivities } from './replica-set';
import { createStatusActivities } from './status';
import { createSteeringActivities } from './steering';

export function createActivities(context: ActivityContext) {
  return {
    ...createChangePlanActivities(context),
    ...createChangeStepActivities(context),
    ...createCredentialActivities(context),
    ...createDispatchActivities(context),
    ...createEntityActivities(context),
    ...createFailoverActivities(context),
    ...createFailoverDoorActivities(context),
    ...createHealthActivities(context),
    ...createMemberActivities(context),
    ...createOpenOperationActivities(context),
    ...createPlacementActivities(context),
    ...createPublicationActivities(context),
    ...createRecoverMajorityActivities(context),
    ...createReferenceActivities(context),
    ...createRemovalActivities(context),
    ...createReplicaSetActivities(context),
    ...createStatusActivities(context),
    ...createSteeringActivities(context),
  };
}

/** Every activity by name: workflows import this type and nothing else of this folder. */
export type Activities = ReturnType<typeof createActivities>;
