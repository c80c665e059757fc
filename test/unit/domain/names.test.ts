import fc from 'fast-check';
import * as names from '../../../src/domain/names';
import { LABELS } from '../../../src/domain/marks';
import {
  claimName,
  claimTemplateName,
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

describe('every name that is made of an instance', () => {
  const UID = '56c69f88-6c52-4886-a922-9ebf7c156ba5';
  /** Every function of the module that makes a name, called for one instance. */
  const namesOf = (instance: string, ordinal: Ordinal): Record<string, string> => ({
    memberName: names.memberName(instance, ordinal),
    podName: names.podName(instance, ordinal),
    exporterServiceName: names.exporterServiceName(instance, ordinal),
    authSecretName: names.authSecretName(instance),
    connectionSecretName: names.connectionSecretName(instance),
    pullSecretName: names.pullSecretName(instance),
    configMapName: names.configMapName(instance),
    hostConfName: names.hostConfName(instance),
    // The content's hash is put after it.
    mongodConfigName: `${names.mongodConfigName(instance)}-01234567`,
    exporterName: names.exporterName(instance),
    generatedPullSecretName: names.generatedPullSecretName(instance),
    disruptionBudgetName: names.disruptionBudgetName(instance),
    servicePolicyName: names.servicePolicyName(instance, ordinal),
    hostConfPolicyName: names.hostConfPolicyName(instance),
    customConfigPolicyName: names.customConfigPolicyName(instance),
    secretsPolicyName: names.secretsPolicyName(instance),
    instanceStem: names.instanceStem(instance),
  });
  const DNS_LABEL = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

  const longest = fc.constantFrom('a'.repeat(44), `a${'-'.repeat(42)}b`, `z${'0'.repeat(43)}`);

  it('is a DNS label of 63 characters at most, also at the limit of 44', () => {
    fc.assert(
      fc.property(fc.oneof(instanceNames, longest), ordinals, (instance, ordinal) => {
        for (const [maker, name] of Object.entries(namesOf(instance, ordinal)))
          expect([maker, name, DNS_LABEL.test(name)]).toEqual([maker, name, true]);
      }),
    );
  });

  it('fits where Kubernetes puts it: labels of policies and pods, names of claims and their volumes', () => {
    fc.assert(
      fc.property(fc.oneof(instanceNames, longest), ordinals, (instance, ordinal) => {
        for (const label of [
          LABELS.servicePolicy,
          LABELS.configMapPolicy,
          LABELS.customConfigPolicy,
          LABELS.secretsPolicy,
        ])
          expect(names.policyLabelValue(instance, label)).toMatch(/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/);
        expect(claimTemplateName(UID)).toMatch(DNS_LABEL);
        expect(claimName(instance, UID, ordinal)).toMatch(/^[a-z][-a-z0-9]{0,251}[a-z0-9]$/);
      }),
    );
  });

  it('is listed here', () => {
    const known = new Set([...Object.keys(namesOf('orders', 0)), 'claimName', 'claimTemplateName']);
    const makers = Object.entries(names).flatMap(([name, value]) =>
      typeof value === 'function' && /Name$/.test(name) ? [name] : [],
    );
    expect(makers.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has labels as the contract has them for short instance names', () => {
    expect(names.policyLabelValue('orders', LABELS.customConfigPolicy)).toBe('orders-custom-configmap-pp');
    expect(names.customConfigPolicyName('orders')).toBe('orders-config-custom-configmap-pp');
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
