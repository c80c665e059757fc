import type { MemberView } from '../../../src/domain/replica-set';
import { listHopeless } from '../../../src/mongodb/patience';

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
