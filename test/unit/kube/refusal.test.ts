import { toKubeError } from '../../../src/kube/error';

const answer = (message: string) => JSON.stringify({ kind: 'Status', status: 'Failure', message });

// Recorded from kube-apiserver 1.36: server-side apply answers so, without a reason.
test.each([
  'failed to create typed patch object (default/s; apps/v1, Kind=StatefulSet): .spec.template.spec.affinity.nodeAffinity: expected map, got &{5}',
  'failed to create typed patch object (default/s; apps/v1, Kind=StatefulSet): .spec.template.spec.affinity.bogus: field not declared in schema',
])('a field of the wrong type is our fault, though it comes as a 500: %s', (message) => {
  expect(toKubeError(500, answer(message), 'PATCH /x')).toMatchObject({
    kind: 'InvalidSpec',
    message: `PATCH /x: ${message}`,
  });
});

test('every other 500 is the server’s, and passes', () => {
  expect(toKubeError(500, answer('etcdserver: leader changed'), 'PATCH /x').kind).toBe('Unreachable');
});
