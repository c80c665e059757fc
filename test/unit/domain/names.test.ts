import fc from 'fast-check';
import {
  claimName,
  fnv1a32,
  instanceStem,
  MAX_INSTANCE_NAME,
  memberName,
  ordinalOfMember,
  podName,
  type Ordinal,
} from '../../../src/domain/names';

const instanceNames = fc
  .stringMatching(/^[a-z]([-a-z0-9]{0,42}[a-z0-9])?$/)
  .filter((name) => name.length <= MAX_INSTANCE_NAME);
const ordinals = fc.oneof(fc.integer({ min: 0, max: 49 }), fc.constant<Ordinal>('arbiter'));

describe('member names', () => {
  it('leave room for a StatefulSet revision label and a pod label, for every valid instance name', () => {
    fc.assert(
      fc.property(instanceNames, ordinals, (instance, ordinal) => {
        // The revision label is `<StatefulSet>-<at most 10 characters>`, a label value holds 63.
        expect(`${memberName(instance, ordinal)}-0123456789`.length).toBeLessThanOrEqual(63);
        expect(podName(instance, ordinal).length).toBeLessThanOrEqual(63);
        expect(memberName(instance, ordinal)).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
      }),
    );
  });

  it('give the ordinal back', () => {
    fc.assert(
      fc.property(instanceNames, ordinals, (instance, ordinal) => {
        expect(ordinalOfMember(instance, memberName(instance, ordinal))).toBe(ordinal);
      }),
    );
  });

  it.each([
    'orders-mongodb-x',
    'orders-mongodb-01',
    'orders-mongodb-0-exporter',
    'other-mongodb-0',
    'orders-mongodb-',
  ])('do not take %s for a member of orders', (name) =>
    expect(ordinalOfMember('orders', name)).toBeUndefined(),
  );

  it('stay as the contract has them for short instance names', () => {
    expect(memberName('orders', 0)).toBe('orders-mongodb-0');
    expect(memberName('orders', 'arbiter')).toBe('orders-mongodb-arbiter');
  });

  it('tell two long instance names apart that begin alike', () => {
    const long = 'a'.repeat(43);
    expect(instanceStem(`${long}b`)).not.toBe(instanceStem(`${long}c`));
  });
});

describe('claim names', () => {
  it('differ between two instances of one name, so that nothing old is inherited', () => {
    expect(claimName('orders', 'uid-1', 0)).not.toBe(claimName('orders', 'uid-2', 0));
  });
});

describe('fnv1a32', () => {
  // Test vectors of the FNV reference: isthe.com/chongo/tech/comp/fnv.
  it.each([
    ['', '811c9dc5'],
    ['a', 'e40c292c'],
    ['foobar', 'bf9cf968'],
  ])('of %p is %s', (text, hash) => expect(fnv1a32(text)).toBe(hash));
});
