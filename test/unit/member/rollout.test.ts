import { decideTemplate } from '../../../src/member/rollout';
import { sampleInstance } from './sample-instance';
import { samplePod, sampleStatefulSet } from './sample-objects';

const instance = sampleInstance();
const pending = { phase: 'Pending', containerStatuses: [] };
const ran = sampleStatefulSet(instance, 0, { hash: 'old', started: true });
const unstarted = sampleStatefulSet(instance, 0, { hash: 'old' });

test('a member that is not there takes the newest', () => {
  expect(decideTemplate(0, 'new', [], undefined, undefined)).toEqual({
    kind: 'write',
    pending: false,
    deleteUnstarted: false,
  });
});

test('a member that ran keeps its template, also while its pod is away or not yet up again (S2)', () => {
  for (const pod of [
    samplePod(instance, 0, { hash: 'old' }),
    samplePod(instance, 0, { hash: 'old', status: pending }),
    undefined,
  ])
    expect(decideTemplate(0, 'new', [1], ran, pod)).toEqual({ kind: 'hold' });
});

test('a running pod counts before its StatefulSet is marked', () => {
  expect(decideTemplate(0, 'new', [], unstarted, samplePod(instance, 0, { hash: 'old' }))).toEqual({
    kind: 'hold',
  });
});

test('when it is its turn the template is written and stays pending until the pod has it', () => {
  const old = samplePod(instance, 0, { hash: 'old' });
  expect(decideTemplate(0, 'new', [0], ran, old)).toEqual({
    kind: 'write',
    pending: true,
    deleteUnstarted: false,
  });
  const written = sampleStatefulSet(instance, 0, { hash: 'new', started: true });
  expect(decideTemplate(0, 'new', [], written, old)).toMatchObject({ kind: 'write', pending: true });
  expect(decideTemplate(0, 'new', [], written, samplePod(instance, 0, { hash: 'new' }))).toMatchObject({
    pending: false,
  });
});

test('a pod that never ran mongod is replaced: its image may be the very mistake', () => {
  const stuck = samplePod(instance, 0, { hash: 'old', status: pending });
  expect(decideTemplate(0, 'new', [], unstarted, stuck)).toEqual({
    kind: 'write',
    pending: false,
    deleteUnstarted: true,
  });
});

test('a pod that is stuck for want of our own image is replaced once that is right, a running one is not', () => {
  const pod = (status?: object) => {
    const made = samplePod(instance, 0, { hash: 'old', ...(status === undefined ? {} : { status }) });
    return {
      ...made,
      spec: { ...made.spec, initContainers: [{ name: 'prepare', image: 'fedstate:wrong' }] },
    };
  };
  expect(decideTemplate(0, 'old', [], unstarted, pod(pending), 'fedstate:right')).toMatchObject({
    deleteUnstarted: true,
  });
  expect(decideTemplate(0, 'old', [], unstarted, pod(pending), 'fedstate:wrong')).toMatchObject({
    deleteUnstarted: false,
  });
  expect(decideTemplate(0, 'old', [], ran, pod(), 'fedstate:right')).toMatchObject({
    deleteUnstarted: false,
  });
});
