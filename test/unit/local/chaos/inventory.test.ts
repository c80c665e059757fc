import { compareInventories, expectClaims, expectInventory } from '../../../../local/chaos/inventory';

const CLUSTERS = ['east', 'west', 'north'];

describe('the inventory of an instance', () => {
  it('has one of everything in each cluster', () => {
    const lines = expectInventory('orders', 'u1', CLUSTERS);
    expect(new Set(lines).size).toBe(lines.length);
    for (const cluster of CLUSTERS) expect(lines).toContain(`${cluster} StatefulSet orders-mongodb-0`);
    for (const claim of expectClaims('orders', 'u1', CLUSTERS)) expect(lines).toContain(claim);
  });

  it('names what is missing, what is too much and what is there twice', () => {
    const expected = expectInventory('orders', 'u1', CLUSTERS);
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
