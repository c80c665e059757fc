import type { OperationKind } from '../../src/domain/instance';
import { instanceWorkflowId } from '../../src/domain/workflow-ids';
import type { ChangeOperation } from './boundary';
import type { ChaosStack } from './chaos-stack';
import type { Shares, Subject } from './inventory';
import { patchSubject } from './subject';

/** A change of a running instance, from what it is to what it must be. */
export interface ChangeAct {
  /** Data members before. */
  readonly members: number;
  readonly kind: OperationKind;
  /** Asks for it. */
  begin(stack: ChaosStack, subject: Subject, uid: string): Promise<void>;
  /** Members of each cluster afterwards. */
  sharesAfter(clusters: readonly string[]): Shares;
}

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
    begin: async (stack, { namespace, name }, uid) => {
      const [from, to] = [...stack.members.keys()];
      const handle = stack.temporal.workflow.getHandle(instanceWorkflowId(namespace, name, uid));
      await handle.executeUpdate('move', { args: [{ from, to, by: 'chaos', why: 'a fault on the way' }] });
    },
    sharesAfter: (clusters) => new Map(clusters.map((cluster, index) => [cluster, [0, 2][index] ?? 1])),
  },
};
