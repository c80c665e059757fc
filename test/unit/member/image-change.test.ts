import type { Ordinal } from '../../../src/domain/names';
import type { ReplicaFindings } from '../../../src/member/findings';
import { judgeImageChange } from '../../../src/member/local/image-change';
import { sampleInstance } from './sample-instance';
import { samplePod, sampleReport, sampleSnapshot } from './sample-objects';

const instance = sampleInstance({ members: 3 });
// Pods of the sample run mongo:4.2.
const snapshot = sampleSnapshot(instance, [0, 1]);
const replicaOf = (versions: readonly (readonly [Ordinal, string])[]): ReplicaFindings => ({
  reports: new Map(
    versions.map(([ordinal, version]) => [ordinal, { ...sampleReport('a:1', 'PRIMARY', []), version }]),
  ),
  silent: new Map(),
  users: {},
});

test('members that run what is asked for change nothing, whether or not more are wanted', () => {
  expect(judgeImageChange('mongo:4.2', [0, 1, 2], snapshot, undefined)).toEqual({ kind: 'none' });
});

test('members that run another image go first (S12, S21)', () => {
  expect(judgeImageChange('mongo:4.4', [0, 1, 2], snapshot, replicaOf([[0, '4.2.24']]))).toEqual({
    kind: 'changing',
    outdated: [0, 1],
  });
});

test('a release that may not follow is refused before anything is built (S22)', () => {
  expect(judgeImageChange('mongo:6.0', [0, 1, 2], snapshot, replicaOf([[1, '4.2.24']]))).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('4.4 is next') as string,
  });
});

test('the version of a member that leaves has no say', () => {
  expect(judgeImageChange('mongo:4.4', [0], snapshot, replicaOf([[1, '6.0.1']])).kind).toBe('changing');
});

test('a member that never ran is no member to be careful of', () => {
  const pods = new Map([[0, samplePod(instance, 0, { status: { phase: 'Pending' } })] as const]);
  expect(judgeImageChange('mongo:6.0', [0], sampleSnapshot(instance, [0], { pods }), undefined)).toEqual({
    kind: 'none',
  });
});
