import type { MemberReport } from '../../../src/domain/replica-set';
import { listBlind } from '../../../src/planner/assess';
import { createModel, member, observe } from './server-model';

const HOSTS = ['a0:1', 'b0:1', 'c0:1'];
const reports = observe(
  createModel(
    HOSTS.map((host, id) => member(id, host)),
    [],
    () => 0,
  ),
  HOSTS,
).reports;

/** As if `who` had not heard of `whom` yet. */
const withoutSight = (who: string, whom: string): MemberReport[] =>
  reports.map((report) =>
    report.host === who
      ? {
          ...report,
          views: report.views.map((view) =>
            view.host === whom ? { ...view, health: 0, stateName: 'DOWN' as const } : view,
          ),
        }
      : report,
  );

test('a member that all see has nobody who is blind to it', () => {
  expect(listBlind('c0:1', reports)).toEqual([]);
});

test('who answers and does not see it yet is named, whatever it thinks of itself (S9)', () => {
  expect(listBlind('c0:1', withoutSight('b0:1', 'c0:1'))).toEqual(['b0:1']);
  expect(listBlind('c0:1', withoutSight('c0:1', 'c0:1'))).toEqual([]);
});

test('who does not answer is not asked', () => {
  const answering = withoutSight('b0:1', 'c0:1').filter(({ host }) => host !== 'b0:1');
  expect(listBlind('c0:1', answering)).toEqual([]);
});
