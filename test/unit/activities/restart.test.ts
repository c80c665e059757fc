import { isStuck } from '../../../src/activities/restart';
import { reasonOf } from '../../../src/member/member-pods';
import type { Pod } from '../../../src/member/objects';

type Status = Pod['status'];

const podOf = (status: Partial<Status>): Pod => ({
  metadata: { name: 'shop-mongodb-0', uid: 'u', resourceVersion: '1' } as Pod['metadata'],
  spec: {} as Pod['spec'],
  status: { conditions: [], initContainerStatuses: [], containerStatuses: [], ...status },
});
const waiting = (reason: string): Partial<Status> => ({
  containerStatuses: [
    { name: 'mongod', ready: false, restartCount: 0, state: { waiting: { reason } }, lastState: {} },
  ] as unknown as Status['containerStatuses'],
});
const unscheduled: Partial<Status> = {
  conditions: [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes are available' },
  ] as Status['conditions'],
};

test.each<[string, Partial<Status>, boolean]>([
  ['no node takes it', unscheduled, true],
  ['its image is not found', waiting('ErrImagePull'), true],
  ['its image is waited for after that', waiting('ImagePullBackOff'), true],
  ['its container cannot be made', waiting('CreateContainerConfigError'), true],
  ['it ends again and again', waiting('CrashLoopBackOff'), true],
  ['it comes up', waiting('ContainerCreating'), false],
  ['its node was drained', { reason: 'Evicted' }, false],
])('a pod is told to be stuck before patience ends when %s: %#', (_why, status, stuck) => {
  expect(isStuck(reasonOf(podOf(status)) ?? '')).toBe(stuck);
});
