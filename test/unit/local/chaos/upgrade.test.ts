import { judgeReleases } from '../../../../local/chaos/release-proof';
import { checkUpgradeImages, followingImage, followingRelease } from '../../../../local/chaos/upgrade-image';

describe('the upgrade that faults strike', () => {
  it.each([
    ['mongo:4.2', 'mongo:4.4'],
    ['mongo:4.2.24', 'mongo:4.4'],
    ['registry:5000/library/mongo:4', 'registry:5000/library/mongo:5.0'],
    [`mongo:6.0@sha256:${'0'.repeat(64)}`, 'mongo:7.0'],
  ])('leads from %s to %s', (image, next) => {
    expect(followingImage(image)).toBe(next);
  });

  it.each(['mongo', 'mongo:latest', 'mongo:8.0', 'other:4.2'])('does not begin at %s', (image) => {
    expect(() => followingRelease(image)).toThrow(`--image ${image} names no release`);
  });

  it('takes both images from the stack, of one engine', () => {
    expect(() => checkUpgradeImages('mongo:4.2', [])).not.toThrow();
    expect(() => checkUpgradeImages('mongo:7.0', [])).toThrow('mongo:8.0, which the stack has not');
    expect(() => checkUpgradeImages('mongo:7.0', ['7.0', '8.0'])).not.toThrow();
    expect(() => checkUpgradeImages('mongo:4.2', ['4.2'])).toThrow('a mongod of 4.4 in MONGOD');
    expect(() => checkUpgradeImages('mongo:4.2', ['4.4'])).toThrow('a mongod of 4.2 in MONGOD');
  });

  it('has passed when each member runs the release and its data is of it', () => {
    const told = { host: 'a:1', version: '4.4.29', featureVersion: '4.4' };
    expect(judgeReleases([told], '4.4')).toEqual([]);
    expect(judgeReleases([told, { host: 'b:1', version: '4.2.24', featureVersion: '4.2' }], '4.4')).toEqual([
      'b:1 runs 4.2.24, not 4.4',
      'b:1 has feature compatibility version 4.2, not 4.4',
    ]);
  });
});
