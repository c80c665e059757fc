import fc from 'fast-check';
import type { Ordinal } from '../../../src/domain/names';
import type { MemberReport, ReplicaSetObservation } from '../../../src/domain/replica-set';
import { desireMembers } from '../../../src/member/local/desired';
import { nextRestart } from '../../../src/member/local/restart-order';
import { refuseUpgrade } from '../../../src/member/local/upgrade';
import { sampleReport } from './sample-objects';

const hostsOf = (ordinals: readonly Ordinal[]): Map<Ordinal, string> =>
  new Map(ordinals.map((ordinal) => [ordinal, `m${ordinal}:1`]));

describe('desireMembers', () => {
  const votesOf = (ordinals: readonly Ordinal[]): string => {
    const desired = desireMembers(hostsOf(ordinals));
    if (desired.outcome !== 'desired') return desired.message;
    return desired.members.map(({ votes, priority }) => `${votes}/${priority}`).join(' ');
  };

  test('votes are odd (S7): the last data member of an even set has none', () => {
    expect(votesOf([0])).toBe('1/1');
    expect(votesOf([0, 1])).toBe('1/1 0/0');
    expect(votesOf([0, 2, 5])).toBe('1/1 1/1 1/1');
    expect(votesOf([0, 1, 'arbiter'])).toBe('1/1 1/1 1/0');
    expect(votesOf([0, 1, 2, 'arbiter'])).toBe('1/1 1/1 0/0 1/0');
  });

  test('an empty set and an arbiter beside one data member are refused with the remedy (S6)', () => {
    expect(votesOf([])).toContain('Set 1 or more, or delete the object');
    expect(votesOf([0, 'arbiter'])).toContain('set spec.members to 2 or more');
  });

  test('property: 1 to 7 votes, always odd (S5, S7), no vote without data but the arbiter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.boolean(), (count, arbiter) => {
        const ordinals: Ordinal[] = Array.from({ length: count }, (_unused, index) => index);
        if (arbiter) ordinals.push('arbiter');
        const desired = desireMembers(hostsOf(ordinals));
        if (desired.outcome !== 'desired') throw new Error(desired.message);
        const votes = desired.members.filter((member) => member.votes === 1).length;
        expect(votes % 2).toBe(1);
        expect(votes).toBeLessThanOrEqual(7);
        expect(desired.members.every(({ votes: vote, priority }) => vote === 1 || priority === 0)).toBe(true);
      }),
    );
  });
});

describe('nextRestart', () => {
  const observe = (
    states: readonly MemberReport['stateName'][],
    priorities: readonly number[] = [],
  ): ReplicaSetObservation => {
    const members = states.map((state, index) => [`m${index}:1`, state] as const);
    const config = {
      _id: 'replset-0',
      version: 1,
      members: members.map(([host], index) => ({
        _id: index,
        host,
        arbiterOnly: false,
        buildIndexes: true,
        hidden: false,
        priority: priorities[index] ?? 1,
        votes: 1,
        tags: {},
        secondaryDelaySecs: 0,
      })),
    };
    return {
      at: '2026-01-01T00:00:00Z',
      unreachable: [],
      reports: members
        .filter(([, state]) => state !== 'DOWN')
        .map(([host, state]) => ({ ...sampleReport(host, state, members), config })),
    };
  };

  test('nothing pending, nothing to do', () => {
    expect(nextRestart(new Map(), observe(['PRIMARY']))).toBeUndefined();
  });

  test('secondaries first, the primary last and after a hand-over (S14)', () => {
    const whole = observe(['PRIMARY', 'SECONDARY', 'SECONDARY']);
    expect(nextRestart(hostsOf([0, 1, 2]), whole)).toEqual({ kind: 'restart', ordinal: 1 });
    expect(nextRestart(hostsOf([0]), whole)).toEqual({ kind: 'stepDown', host: 'm0:1' });
  });

  test('one member down anywhere stops the round (S2)', () => {
    const hurt = observe(['PRIMARY', 'SECONDARY', 'DOWN']);
    expect(nextRestart(hostsOf([1]), hurt)).toMatchObject({
      kind: 'wait',
      message: expect.stringContaining('m0:1 sees m2:1 as DOWN') as string,
    });
    const silent = { ...observe(['PRIMARY', 'SECONDARY']), unreachable: [{ host: 'm2:1', reason: 'x' }] };
    expect(nextRestart(hostsOf([1]), silent)).toMatchObject({ kind: 'wait' });
    expect(nextRestart(hostsOf([1]), observe(['SECONDARY', 'SECONDARY']))).toMatchObject({
      kind: 'wait',
      message: expect.stringContaining('primary') as string,
    });
  });

  test('a primary that nobody can follow is restarted itself', () => {
    expect(nextRestart(hostsOf([0]), observe(['PRIMARY']))).toEqual({ kind: 'restart', ordinal: 0 });
    expect(nextRestart(hostsOf([0]), observe(['PRIMARY', 'SECONDARY'], [1, 0]))).toEqual({
      kind: 'restart',
      ordinal: 0,
    });
  });
});

describe('refuseUpgrade', () => {
  const from = (version: string, featureCompatibilityVersion?: string) => ({
    version,
    featureCompatibilityVersion,
  });

  test.each([
    [from('4.2.24'), 'mongo:4.2'],
    [from('4.2.24', '4.2'), 'mongo:4.4'],
    [from('4.4.29', '4.4'), 'mongo:5.0.1'],
    [from('7.0.5', '7.0'), 'mongo:8.0'],
    [from('6.0.1', '5.0'), 'mongo:latest'],
    [from('6.0.1', '6.0'), 'acme/db:1.0'],
    // Its inverse, as long as the data is still for the former release.
    [from('4.4.29', '4.2'), 'mongo:4.2'],
  ])('%j may become %s', (running, image) => {
    expect(refuseUpgrade(running, image)).toBeUndefined();
  });

  test('releases are not skipped and not gone back, and the feature version comes first (S22)', () => {
    expect(refuseUpgrade(from('4.2.24', '4.2'), 'mongo:6.0')).toContain('4.4 is next');
    expect(refuseUpgrade(from('6.0.5', '6.0'), 'mongo:5.0')).toContain('going back');
    expect(refuseUpgrade(from('7.0.5', '6.0'), 'mongo:6.0')).toContain('going back');
    expect(refuseUpgrade(from('4.4.29', '4.2'), 'mongo:5.0')).toContain(
      '{setFeatureCompatibilityVersion: "4.4"}',
    );
    expect(refuseUpgrade(from('7.0.5', '6.0'), 'mongo:8.0')).toContain('confirm: true');
  });
});
