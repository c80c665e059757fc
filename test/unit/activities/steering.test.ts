import { MockActivityEnvironment } from '@temporalio/testing';
import { createSteeringActivities } from '../../../src/activities/steering';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';

const sharesOf = (result: string | undefined): unknown =>
  (JSON.parse(result ?? '{}') as Record<string, unknown>)['ClusterWithReplicaset'];

/** An instance with two data members in east and one in west. */
function setUp() {
  const karmada = createStubKube();
  const cr = makeInstance({ replicaset: 3 });
  let annotations: Record<string, string> = {
    [ANNOTATIONS.schedulerResult]: JSON.stringify({
      ClusterWithReplicaset: [
        { cluster: 'east', replicaset: 2 },
        { cluster: 'west', replicaset: 1 },
      ],
    }),
  };
  const patches: { metadata: { resourceVersion?: string; annotations: Record<string, string> } }[] = [];
  const store = (): void =>
    karmada.put(KINDS.multiCloudMongoDB, 'orders', {
      ...cr,
      metadata: { ...cr.metadata, resourceVersion: '7', annotations },
    });
  store();
  for (const cluster of ['east', 'west']) karmada.put(KINDS.cluster, cluster, { spec: {} });
  karmada.onPatch(KINDS.multiCloudMongoDB, (patch) => {
    const change = patch as (typeof patches)[number];
    patches.push(change);
    annotations = { ...annotations, ...change.metadata.annotations };
    store();
  });
  const activities = createSteeringActivities(makeStubContext(karmada.kube));
  const move = (activityId: string): Promise<string> =>
    new MockActivityEnvironment({ activityId }).run((input) => activities.moveMember(input), {
      instance: { namespace: 'shop', name: 'orders', uid: cr.metadata.uid },
      from: 'east',
      to: 'west',
      by: 'ann',
    });
  return { move, patches, placed: () => sharesOf(annotations[ANNOTATIONS.schedulerResult]) };
}

test('a move whose report was lost moves no second member when it is tried again', async () => {
  const { move, patches, placed } = setUp();
  const first = await move('1');
  expect(placed()).toEqual([
    { cluster: 'east', replicaset: 1 },
    { cluster: 'west', replicaset: 2 },
  ]);
  await expect(move('1')).resolves.toBe(first);
  expect(patches).toHaveLength(1);
});

test('another move of the same kind moves the next member, until there is none', async () => {
  const { move, placed } = setUp();
  await move('1');
  await move('2');
  expect(placed()).toEqual([{ cluster: 'west', replicaset: 3 }]);
  await expect(move('3')).rejects.toMatchObject({ kind: 'InvalidSpec' });
});

test('a move is of the placement that was read: a change in between refuses it', async () => {
  const { move, patches } = setUp();
  await move('1');
  expect(patches[0]?.metadata.resourceVersion).toBe('7');
});
