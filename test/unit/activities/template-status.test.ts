import { composeTemplateStatus } from '../../../src/activities/template-status';
import type { MongoDBStatus } from '../../../src/api/mongodb';
import type { ClusterReport } from '../../../src/karmada/binding';

const reports = (statuses: Readonly<Record<string, MongoDBStatus | undefined>>): Map<string, ClusterReport> =>
  new Map(Object.entries(statuses).map(([cluster, status]) => [cluster, { cluster, applied: true, status }]));
const running = (members: number): MongoDBStatus => ({
  state: 'Running',
  currentInfo: { members },
  readyMembers: members,
});

describe('composeTemplateStatus', () => {
  test('sums up what the members report', () => {
    expect(composeTemplateStatus(reports({ east: running(2), west: running(1) }), undefined)).toEqual({
      state: 'Running',
      currentInfo: { members: 3 },
      readyMembers: 3,
    });
  });

  test.each([
    ['one waits', 'Reconciling', 'Reconciling'],
    ['one is refused', 'Error', 'Error'],
  ] as const)('%s: shows the worst and what it waits for', (_what, state, shown) => {
    const waiting: MongoDBStatus = { state, readyMembers: 0, waitingFor: 'pod x-0: pulling' };
    expect(composeTemplateStatus(reports({ east: running(2), west: waiting }), undefined)).toMatchObject({
      state: shown,
      readyMembers: 2,
      waitingFor: 'west: pod x-0: pulling',
    });
  });

  test('a cluster that is silent keeps it from saying Running', () => {
    expect(composeTemplateStatus(reports({ east: running(2), west: undefined }), undefined)?.state).toBe(
      'Unknown',
    );
  });

  test('says nothing before anybody has reported', () => {
    expect(composeTemplateStatus(reports({ east: undefined }), undefined)).toBeUndefined();
  });
});
