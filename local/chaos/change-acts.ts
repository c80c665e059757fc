import type { OperationKind } from '../../src/domain/instance';
import { instanceWorkflowId } from '../../src/domain/workflow-ids';
import type { ChangeOperation } from './boundary';
import type { ChaosStack } from './chaos-stack';
import { oneEach, type Shares, type Subject } from './inventory';
import { patchSubject } from './subject';
import { followingImage, followingRelease } from './upgrade-image';

/** A change of a running instance, from what it is to what it must be. */
export interface ChangeAct {
  /** Data members before. */
  readonly members: number;
  readonly kind: OperationKind;
  readonly soakSeconds?: number | undefined;
  /** Asks for it. */
  begin(stack: ChaosStack, subject: Subject, life: ChangedLife): Promise<void>;
  /** Members of each cluster afterwards. */
  sharesAfter(clusters: readonly string[]): Shares;
  /** What every member runs afterwards, its data too; absent: what it ran before. */
  releaseAfter?(image: string): string;
}

interface ChangedLife {
  readonly uid: string;
  /** That it was made with. */
  readonly image: string;
}

// Longer than two strokes before its end hold it up, else the feature version is set without a wait and a workflow is missing.
const SOAK_SECONDS = 120;

export const CHANGE_ACTS: Readonly<Record<ChangeOperation, ChangeAct>> = {
  'scale-down': {
    members: 5,
    kind: 'scaleInstance',
    begin: async (stack, subject) => {
      await patchSubject(stack, subject, { spec: { replicaset: 3 } });
    },
    sharesAfter: (clusters) => new Map(clusters.map((cluster) => [cluster, 1])),
  },
  move: {
    members: 3,
    kind: 'scaleInstance',
    begin: async (stack, { namespace, name }, { uid }) => {
      const [from, to] = [...stack.members.keys()];
      const handle = stack.temporal.workflow.getHandle(instanceWorkflowId(namespace, name, uid));
      await handle.executeUpdate('move', { args: [{ from, to, by: 'chaos', why: 'a fault on the way' }] });
    },
    sharesAfter: (clusters) => new Map(clusters.map((cluster, index) => [cluster, [0, 2][index] ?? 1])),
  },
  upgrade: {
    members: 3,
    kind: 'upgradeInstance',
    soakSeconds: SOAK_SECONDS,
    begin: async (stack, subject, { image }) => {
      await patchSubject(stack, subject, { spec: { imageSetting: { image: followingImage(image) } } });
    },
    sharesAfter: oneEach,
    releaseAfter: followingRelease,
  },
};
