import { answers, describeWish } from '../../../src/activities/instance-marks';
import { makeInstance } from '../../support/custom-resource';

describe('what is asked for', () => {
  const wish = (labels: Readonly<Record<string, string>>, addresses?: string): string =>
    describeWish(makeInstance({}, { labels }), 'r', addresses);

  it('has the labels that travel with its objects in it, in any order, and none of Karmada', () => {
    const record = wish({ team: 'payments', tier: 'gold' });
    expect(answers(record, wish({ tier: 'gold', team: 'payments' }))).toBe(true);
    expect(answers(record, wish({ team: 'payments', tier: 'silver' }))).toBe(false);
    expect(answers(record, wish({ team: 'payments' }))).toBe(false);
    expect(answers(wish({}), wish({ 'propagationpolicy.karmada.io/name': 'x' }))).toBe(true);
  });

  it('has the addresses in it where both sides know them', () => {
    expect(answers(wish({}, 'a'), wish({}, 'a'))).toBe(true);
    expect(answers(wish({}, 'a'), wish({}, 'b'))).toBe(false);
    expect(answers(wish({}, 'a'), wish({}))).toBe(true);
    expect(answers(wish({}), wish({}, 'b'))).toBe(true);
  });
});
