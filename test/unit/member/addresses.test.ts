import { addressesOf, vipOf } from '../../../src/member/addresses';
import { sampleInstance } from './sample-instance';
import { sampleSnapshot } from './sample-objects';

const config = {
  fedstateImage: 'fedstate:1',
  exporterImage: 'exporter:1',
  imageReplacements: [],
  leaseNamespace: 'fedstate-system',
  identity: 'test',
};
const LABEL = 'app.multicloudmongodb.io/vip';
const ANNOTATION = 'middleware.fedstate.io/vip';

test.each([
  [
    'the annotation, which alone can be IPv6',
    { annotations: { [ANNOTATION]: 'fd00::1' }, labels: { [LABEL]: '10.0.0.1' } },
    'fd00::1',
  ],
  ['the label', { labels: { [LABEL]: '10.0.0.1' } }, '10.0.0.1'],
  ["the manager's own setting where there is neither", {}, '10.9.9.9'],
  ["the manager's own setting where nothing can be read", { labels: { [LABEL]: 'a_b' } }, '10.9.9.9'],
])('the address is %s', (_, metadata, vip) => {
  expect(vipOf(sampleInstance({}, metadata), { vip: '10.9.9.9' })).toBe(vip);
});

test('an IPv6 address stands in brackets before its port', () => {
  const instance = sampleInstance({}, { annotations: { [ANNOTATION]: 'fd00::1' } });
  expect(addressesOf(instance, sampleSnapshot(instance, [0]), [0], config).external).toEqual([
    '[fd00::1]:31000',
  ]);
});
