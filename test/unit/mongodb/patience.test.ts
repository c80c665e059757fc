import type { MemberView } from '../../../src/domain/replica-set';
import { createPatience, listHopeless } from '../../../src/mongodb/patience';

const view = (host: string, health: 0 | 1): MemberView => ({
  _id: 0,
  host,
  health,
  state: health === 1 ? 2 : 8,
  stateName: health === 1 ? 'SECONDARY' : 'DOWN',
  syncSourceHost: '',
  uptimeSeconds: 1,
  self: false,
});
const seeing = (...views: MemberView[]) => ({ views });

describe('a member that does not answer', () => {
  test('is given up when most answer and all of them call it down', () => {
    const reports = [seeing(view('c:1', 0)), seeing(view('c:1', 0))];
    expect(listHopeless(['c:1'], 3, reports)).toEqual(['c:1']);
  });

  test('is waited for when one sees it alive: it may only be slow to us', () => {
    const reports = [seeing(view('c:1', 0)), seeing(view('c:1', 1))];
    expect(listHopeless(['c:1'], 3, reports)).toEqual([]);
  });

  test('is waited for while no more than half have answered: they may be the ones that are cut off', () => {
    expect(listHopeless(['b:1', 'c:1'], 3, [seeing(view('b:1', 0), view('c:1', 0))])).toEqual([]);
    const half = [seeing(view('c:1', 0)), seeing(view('c:1', 0))];
    expect(listHopeless(['c:1', 'd:1'], 4, half)).toEqual([]);
  });

  test('is waited for when nobody knows it yet: a new one may be starting', () => {
    expect(listHopeless(['d:1'], 3, [seeing(view('c:1', 0)), seeing(view('c:1', 0))])).toEqual([]);
  });
});

describe('the patience with a member that others call down', () => {
  const waitOf = (patience: ReturnType<typeof createPatience>, now: number): number =>
    [0, 250, 1_000, 1_500].find((waited) => patience.isOver('c:1', now - waited, now)) ?? Infinity;

  test('is that of a lost packet, and short for a while after it was in vain', () => {
    const patience = createPatience();
    expect(waitOf(patience, 10_000)).toBe(1_500);
    patience.giveUp('c:1', 8_500, 10_000);
    expect(waitOf(patience, 10_000)).toBe(250);
    expect(patience.isOver('d:1', 9_000, 10_000)).toBe(false);
    expect(waitOf(patience, 39_999)).toBe(250);
    expect(waitOf(patience, 40_000)).toBe(1_500);
  });

  test('is whole again at times: who is slow is not given up for good by short ones', () => {
    const patience = createPatience();
    patience.giveUp('c:1', 8_500, 10_000);
    patience.giveUp('c:1', 29_750, 30_000);
    expect(waitOf(patience, 40_000)).toBe(1_500);
  });

  test('is whole again once it has answered', () => {
    const patience = createPatience();
    patience.giveUp('c:1', 8_500, 10_000);
    patience.answered('c:1');
    expect(waitOf(patience, 10_001)).toBe(1_500);
  });
});
