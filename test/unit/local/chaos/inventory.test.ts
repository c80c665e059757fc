import {
  compareInventories,
  expectClaims,
  expectInventory,
  oneEach,
} from '../../../../local/chaos/inventory';

const CLUSTERS = ['east', 'west', 'north'];

describe('the inventory of an instance', () => {
  it('has one of everything in each cluster', () => {
    const lines = expectInventory('orders', 'u1', oneEach(CLUSTERS));
    expect(new Set(lines).size).toBe(lines.length);
    for (const cluster of CLUSTERS) expect(lines).toContain(`${cluster} StatefulSet orders-mongodb-0`);
    for (const claim of expectClaims('orders', 'u1', CLUSTERS)) expect(lines).toContain(claim);
  });

  it('has a Service, a policy and a claim for each ordinal, and nothing in a cluster without members', () => {
    const lines = expectInventory(
      'orders',
      'u1',
      new Map([
        ['east', 0],
        ['west', 2],
        ['north', 1],
      ]),
    );
    expect(lines.filter((line) => line.startsWith('east '))).toEqual([]);
    expect(lines.filter((line) => line.includes('orders-mongodb-1'))).toEqual([
      'karmada PropagationPolicy orders-mongodb-1-pp',
      'karmada ResourceBinding of Service orders-mongodb-1',
      'karmada Service orders-mongodb-1',
      expect.stringMatching(/^west PersistentVolumeClaim /),
      'west Pod orders-mongodb-1-0',
      'west Service orders-mongodb-1',
      'west StatefulSet orders-mongodb-1',
      'west Work of Service orders-mongodb-1',
    ]);
  });

  it('names what is missing, what is too much and what is there twice', () => {
    const expected = expectInventory('orders', 'u1', oneEach(CLUSTERS));
    expect(compareInventories(expected, [...expected].reverse())).toEqual([]);
    const found = [...expected.filter((line) => line !== 'east StatefulSet orders-mongodb-0')];
    found.push('karmada Secret orders-auth', 'west Pod orders-mongodb-1-0');
    expect(compareInventories(expected, found)).toEqual([
      'missing: east StatefulSet orders-mongodb-0',
      'too many: karmada Secret orders-auth',
      'too many: west Pod orders-mongodb-1-0',
    ]);
  });
});
