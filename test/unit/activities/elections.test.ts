import { composeElection } from '../../../src/activities/elections';
import { composeRecoveries, outageOfLoss } from '../../../src/activities/recoveries';
import { composeStatus } from '../../../src/activities/status-document';
import type { SeenElection, StatusFacts } from '../../../src/activities/status-facts';
import type { MultiCloudMongoDBStatus } from '../../../src/api/multicloudmongodb';
import type { OperationRecord } from '../../../src/domain/instance';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { factsOf } from '../../support/status-facts';

const [A, B] = ['10.0.1.1:30001', '10.0.2.1:30001'] as const;
const KNOWN: MultiCloudMongoDBStatus = {
  election: { term: 3, primary: A, at: '2026-11-26T08:00:00Z' },
  members: [
    { cluster: 'east', ordinal: '0', host: A, role: 'PRIMARY' },
    { cluster: 'north', ordinal: '0', host: B, role: 'SECONDARY' },
  ],
};
const NEXT: SeenElection = { term: 4, host: B, at: '2026-11-26T10:01:58Z', outageSeconds: 11.4 };
const STEP_DOWN = {
  kind: 'updateInstance',
  step: `stepDown: ${A} is no longer primary; another is`,
  workflowId: 'op/7',
};

/** What the next status would be made of. */
function after(status: MultiCloudMongoDBStatus, more: Partial<StatusFacts> = {}): StatusFacts {
  const facts = factsOf({}, more);
  return { ...facts, cr: { ...facts.cr, status } };
}
const ledgerOf = (facts: StatusFacts, state?: MultiCloudMongoDBStatus['state']) =>
  composeRecoveries(facts, state).recoveries ?? [];
const record = (more: Partial<OperationRecord>): OperationRecord => ({
  kind: 'updateInstance',
  outcome: 'succeeded',
  startedAt: '2026-11-26T10:01:00Z',
  endedAt: '2026-11-26T10:02:00Z',
  workflowId: 'op/7',
  ...more,
});

describe('an election that nobody asked for', () => {
  it('is in the ledger with who led, who leads, what it cost, and until when it was not seen', () => {
    const reason = 'electionTimeout';
    expect(ledgerOf(after(KNOWN, { election: { ...NEXT, reason } }))).toEqual([
      {
        kind: 'election',
        outcome: 'succeeded',
        cluster: 'east',
        cause: 'another primary without our asking (electionTimeout)',
        at: '2026-11-26T10:01:58Z',
        detectionSeconds: 2,
        writeOutageSeconds: 11.4,
        writeOutageBasis: 'oplog',
        term: 4,
        from: A,
        to: B,
      },
    ]);
  });

  it('is told once: the status keeps its term, and at rest stays the same to the letter', () => {
    const first = composeStatus(after(KNOWN, { election: NEXT }));
    expect(first.election).toEqual({ term: 4, primary: B, at: NEXT.at });
    const later = { ...NEXT, at: '2026-11-26T10:09:00Z', outageSeconds: undefined };
    const second = composeStatus(after(first, { election: later, now: '2026-11-26T11:00:00Z' }));
    expect(second).toEqual(first);
    expect(composeElection(after(first))).toEqual({ election: first.election });
  });

  it('is none while nothing was known before, while the instance is created, and of a term that is older', () => {
    expect(ledgerOf(after({}, { election: NEXT }))).toEqual([]);
    expect(ledgerOf(after(KNOWN, { election: NEXT, created: false }))).toEqual([]);
    expect(ledgerOf(after(KNOWN, { election: { ...NEXT, term: 2 } }))).toEqual([]);
    expect(composeElection(after(KNOWN, { election: { ...NEXT, term: 2 } })).election?.term).toBe(2);
  });

  it('is over when all is as promised again, which is told once', () => {
    const open = composeRecoveries(after(KNOWN, { election: NEXT }), 'SubHealth');
    expect(open.recoveries?.[0]).not.toHaveProperty('restoredSeconds');
    const status = { ...KNOWN, ...open, election: { term: 4, primary: B, at: NEXT.at } };
    const restored = ledgerOf(after(status, { now: '2026-11-26T10:03:28Z' }), 'Health');
    expect(restored[0]?.restoredSeconds).toBe(90);
    const again = { ...status, recoveries: restored };
    expect(ledgerOf(after(again, { now: '2026-11-26T12:00:00Z' }), 'Health')).toEqual(restored);
  });

  it.each([
    ['another step', { ...STEP_DOWN, step: 'waitSync' }],
    [
      'a restart of another member',
      { ...STEP_DOWN, step: `restartMember: ${B} runs with the present pod template` },
    ],
    ['a plan that waits', { ...STEP_DOWN, step: 'approve the plan' }],
    ['nothing', undefined],
  ])('is not put down to %s', (_what, operation) => {
    const [entry] = ledgerOf(after({ ...KNOWN, operation }, { election: NEXT }));
    expect(entry).toMatchObject({ kind: 'election' });
    expect(entry).not.toHaveProperty('workflowId');
  });
});

describe('an election that a step of ours brought about', () => {
  it.each([
    STEP_DOWN.step,
    `restartMember: ${A} runs with the present pod template`,
    `setPriority: ${B} has priority 10`,
  ])('is put down to %s', (step) => {
    const operation = { ...STEP_DOWN, step };
    const [entry] = ledgerOf(after({ ...KNOWN, operation }, { election: NEXT }));
    expect(entry).toMatchObject({ kind: 'stepDown', cause: `updateInstance: ${step}`, workflowId: 'op/7' });
  });

  it('stays in the ledger after its operation, which tells what it cost by the closer of two bounds', () => {
    const operation = STEP_DOWN;
    const recoveries = ledgerOf(after({ ...KNOWN, operation }, { election: NEXT }));
    const ended = { ...KNOWN, operation, recoveries, election: { term: 4, primary: B, at: NEXT.at } };
    const status = composeStatus(after(ended, { election: NEXT, record: record({ writeOutageMs: 64 }) }));
    expect(status.recoveries).toMatchObject([
      { kind: 'stepDown', writeOutageSeconds: 0.064, writeOutageBasis: 'command' },
    ]);
    expect(status.operations).toMatchObject([{ kind: 'updateInstance', writeOutageSeconds: 0.064 }]);
    const unmeasured = composeStatus(after(ended, { election: NEXT, record: record({}) }));
    expect(unmeasured.recoveries).toMatchObject([{ writeOutageSeconds: 11.4, writeOutageBasis: 'oplog' }]);
    expect(unmeasured.operations).toMatchObject([{ writeOutageSeconds: 11.4 }]);
    expect(JSON.stringify(unmeasured)).not.toContain('writeOutageMs');
  });

  it('is one entry with its switchover', () => {
    const operation = { ...STEP_DOWN, kind: 'switchoverInstance' };
    const recoveries = ledgerOf(after({ ...KNOWN, operation }, { election: NEXT }));
    const ended = { ...KNOWN, operation, recoveries, election: { term: 4, primary: B, at: NEXT.at } };
    const news = { election: NEXT, record: record({ kind: 'switchoverInstance', writeOutageMs: 64 }) };
    for (let times = 0; times < 2; times += 1)
      expect(ledgerOf(after(ended, news))).toMatchObject([
        { kind: 'switchoverInstance', term: 4, from: A, to: B, writeOutageSeconds: 0.064 },
      ]);
  });
});

describe('what the loss of a cluster cost in writes', () => {
  const since = '2026-11-26T10:02:10Z';
  const recoveries = ledgerOf(after(KNOWN, { election: NEXT }));
  const status = { ...KNOWN, recoveries, election: { term: 4, primary: B, at: NEXT.at } };

  it('is what the election cost that followed it, and nothing where the primary was elsewhere', () => {
    expect(outageOfLoss(status, 'east', since)).toEqual({ seconds: 11.4, basis: 'oplog' });
    expect(outageOfLoss(KNOWN, 'east', since)).toEqual({ seconds: 0, basis: 'sameTerm' });
  });

  it('is not known when the election was another, or is not known itself', () => {
    expect(outageOfLoss(status, 'north', since)).toBeUndefined();
    expect(outageOfLoss({ ...status, recoveries: [] }, 'east', since)).toBeUndefined();
    expect(outageOfLoss(undefined, 'east', since)).toBeUndefined();
    const old = '2026-11-26T12:00:00Z';
    expect(outageOfLoss(status, 'east', old)).toEqual({ seconds: 0, basis: 'sameTerm' });
  });

  it('is in the entry of its failover, beside what the failover itself cost', () => {
    const mark = { at: '2026-11-26T10:03:10Z', since, views: 'both say so' };
    const facts = factsOf(
      { [ANNOTATIONS.lost]: { east: mark } },
      { record: record({ kind: 'failoverInstance', cluster: 'east', writeOutageMs: 11_400 }) },
    );
    const [entry] = ledgerOf({ ...facts, cr: { ...facts.cr, status } });
    expect(entry).toMatchObject({
      writeOutageSeconds: 11.4,
      writeOutageBasis: 'oplog',
      detectionSeconds: 60,
    });
    const own = {
      kind: 'stepDown',
      outcome: 'succeeded',
      at: since,
      writeOutageSeconds: 0.1,
      workflowId: 'op/7',
    };
    const both = { ...status, recoveries: [own, ...recoveries] };
    expect(ledgerOf({ ...facts, cr: { ...facts.cr, status: both } })[0]).toMatchObject({
      kind: 'failoverInstance',
      writeOutageSeconds: 11.5,
    });
  });
});
