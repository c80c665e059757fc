import {
  continueSighting,
  dueLosses,
  dueReturns,
  neededSeconds,
  nextDue,
  type Look,
  type LossFacts,
  type LossMark,
  type Sighting,
} from '../../../src/domain/loss';
import { between, makeChance } from '../../support/chance';

const START = Date.parse('2026-11-26T10:00:00Z');
const at = (seconds: number): Date => new Date(START + seconds * 1000);
const text = (seconds: number): string => at(seconds).toISOString();

const DEAD: Look = { looks: 'dead', views: 'both', confirmed: true };
const mark = (more: Partial<LossMark> = {}): LossMark => ({
  at: text(0),
  since: text(0),
  views: 'both',
  ...more,
});
const facts = (sighting: Sighting, now: number, more: Partial<LossFacts> = {}): LossFacts => ({
  sightings: { east: sighting },
  marks: {},
  returns: {},
  delaySeconds: 60,
  now: at(now),
  ...more,
});

/** A streak by looks at these seconds. */
const streak = (seconds: readonly number[], look: Look = DEAD): Sighting => {
  const [first = 0, ...rest] = seconds;
  return rest.reduce(
    (before, second) => continueSighting(before, look, at(second)),
    continueSighting(undefined, look, at(first)),
  );
};

describe('a streak', () => {
  it('grows from look to look, whoever looks, and is due after the delay, not before', () => {
    const seen = streak([0, 15, 30, 45, 59]);
    expect(seen.since).toBe(text(0));
    expect(dueLosses(facts(seen, 59))).toEqual([]);
    expect(dueLosses(facts(seen, 60))).toEqual(['east']);
  });

  it('begins anew after a time in which nobody looked, unless Karmada vouches for all of it', () => {
    expect(streak([0, 61]).since).toBe(text(61));
    expect(streak([0, 60]).since).toBe(text(0));
    expect(streak([0, 600], { ...DEAD, karmadaSince: text(-5) }).since).toBe(text(0));
    expect(streak([0, 600], { ...DEAD, karmadaSince: text(1) }).since).toBe(text(600));
    expect(streak([0, 600], { ...DEAD, confirmed: false, karmadaSince: text(-5) }).since).toBe(text(600));
  });

  it('began when the cluster was heard of last, as far as the time to notice it goes', () => {
    const begin = (heard: number): string =>
      continueSighting(undefined, { ...DEAD, heardAt: text(heard) }, at(0)).since;
    expect([begin(-12), begin(-15), begin(-3600), begin(5)]).toEqual([
      text(-12),
      text(-15),
      text(-15),
      text(0),
    ]);
    const later = continueSighting(streak([0]), { ...DEAD, heardAt: text(-12) }, at(10));
    expect([later.since, 'heardAt' in later]).toEqual([text(0), false]);
  });

  it('begins anew when the cluster looks the other way', () => {
    const alive = continueSighting(streak([0, 30]), { ...DEAD, looks: 'alive' }, at(40));
    expect(alive).toMatchObject({ looks: 'alive', since: text(40) });
  });

  it('is not shortened by a clock that goes back, and never due in the future', () => {
    const back = continueSighting(streak([0, 30]), DEAD, at(-100));
    expect(back.since).toBe(text(0));
    expect(dueLosses(facts(back, -100))).toEqual([]);
  });
});

describe('a loss is due', () => {
  const seen = streak([0, 30, 60]);

  it('only when Karmada says so too, nothing holds it, and it was not decided before', () => {
    expect(dueLosses(facts({ ...seen, confirmed: false }, 600))).toEqual([]);
    expect(dueLosses(facts({ ...seen, hold: 'two of three' }, 600))).toEqual([]);
    expect(dueLosses(facts(seen, 600, { marks: { east: mark() } }))).toEqual([]);
    expect(dueLosses(facts(seen, 600, { marks: { east: mark({ returned: text(1) }) } }))).toEqual(['east']);
  });

  it('at a time that can be told, as long as nothing holds it', () => {
    expect(nextDue(facts(seen, 59))).toEqual(at(60));
    expect(nextDue(facts(seen, 60))).toBeUndefined();
    expect(nextDue(facts({ ...seen, confirmed: false }, 10))).toBeUndefined();
    expect(nextDue(facts({ ...seen, hold: 'two of three' }, 10))).toBeUndefined();
    expect(nextDue(facts(seen, 10, { marks: { east: mark() } }))).toBeUndefined();
    const both = { east: streak([5, 30]), west: streak([0, 30]) };
    expect(nextDue({ ...facts(seen, 30), sightings: both })).toEqual(at(60));
    expect(nextDue(facts(seen, 59, { returns: { east: text(-10) } }))).toEqual(at(600));
  });

  it('later for a while after the cluster was given back', () => {
    expect(neededSeconds(60, undefined, at(0))).toBe(60);
    expect(neededSeconds(60, text(-3599), at(0))).toBe(600);
    expect(neededSeconds(60, text(-3601), at(0))).toBe(60);
    expect(dueLosses(facts(seen, 599, { returns: { east: text(-10) } }))).toEqual([]);
    expect(dueLosses(facts(seen, 600, { returns: { east: text(-10) } }))).toEqual(['east']);
  });

  it('and its return is due only after twice the delay, for a cluster that was lost', () => {
    const alive = streak([0, 60, 119], { ...DEAD, looks: 'alive' });
    const marks = { east: mark() };
    expect(dueReturns(facts(alive, 119, { marks }))).toEqual([]);
    expect(dueReturns(facts(alive, 120, { marks }))).toEqual(['east']);
    expect(dueReturns(facts(alive, 120))).toEqual([]);
    expect(dueReturns(facts(seen, 900, { marks }))).toEqual([]);
  });
});

test('a cluster that flaps is failed over at most once, and one that stays away always is', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const chance = makeChance(seed);
    const period = between(chance, 20, 590);
    const staysAway = chance() < 0.3;
    let sighting: Sighting | undefined;
    let marks: Record<string, LossMark> = {};
    let returns: Record<string, string> = {};
    let failovers = 0;
    for (let second = 0; second < 3600; second += 5) {
      const dead = staysAway ? second > 100 : Math.floor(second / period) % 2 === 1;
      const look: Look | undefined = dead ? DEAD : marks['east'] ? { ...DEAD, looks: 'alive' } : undefined;
      sighting = look && continueSighting(sighting, look, at(second));
      const now = sighting && facts(sighting, second, { marks, returns });
      if (now && dueLosses(now).length > 0) {
        failovers += 1;
        marks = { east: mark() };
      }
      if (now && dueReturns(now).length > 0) {
        marks = {};
        returns = { east: text(second) };
      }
    }
    expect([seed, failovers <= 1]).toEqual([seed, true]);
    if (staysAway) expect([seed, failovers]).toEqual([seed, 1]);
  }
});
