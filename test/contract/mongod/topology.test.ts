import { parseConfig } from '../../../local/mongod/repl/config';
import {
  beginHeartbeat,
  heartbeatInterval,
  takeHeartbeat,
  triesAgain,
} from '../../../local/mongod/repl/hearing';
import type { HeartbeatResponse } from '../../../local/mongod/repl/heartbeat';
import { memberState } from '../../../local/mongod/repl/member-state';
import { chooseSyncSource } from '../../../local/mongod/repl/sync-source';
import { Topology } from '../../../local/mongod/repl/topology';
import { answerVote, tally } from '../../../local/mongod/repl/vote';
import { chooseDialect } from '../../../local/mongod/options/dialect';
import { type OpTime, nullOpTime } from '../../../local/mongod/optime';

/** The stand-in's rules without clocks and sockets: elections by term, votes and priority, commit point, sync source. */
const dialect = chooseDialect('4.2');
const op = (secs: number, term = 1): OpTime => ({ secs, inc: 1, term });

interface Made {
  readonly topology: Topology;
  own: { applied: OpTime; appliedWall: number; durable: OpTime };
}

const make = (members: Record<string, unknown>[], self = 0): Made => {
  const made = { own: { applied: op(10), appliedWall: 0, durable: op(10) } };
  const topology = new Topology(
    () => made.own,
    () => 0,
  );
  const doc = {
    _id: 'rs0',
    version: 1,
    members: members.map((member, index) => ({ _id: index, host: `h${index}:1`, ...member })),
  };
  topology.term = 1;
  topology.followerState = memberState.secondary;
  topology.install(parseConfig(doc, dialect, true), self, 0);
  return Object.assign(made, { topology });
};

const hear = ({ topology }: Made, index: number, now: number, more: Partial<HeartbeatResponse> = {}) =>
  takeHeartbeat(
    topology,
    `h${index}:1`,
    {
      kind: 'answer',
      rttMs: index * 10,
      response: {
        setName: 'rs0',
        state: memberState.secondary,
        configVersion: 1,
        configTerm: -1,
        term: 1,
        primaryId: -1,
        syncSource: '',
        durable: op(10),
        durableWall: 0,
        applied: op(10),
        appliedWall: 0,
        electionTime: undefined,
        config: undefined,
        hasData: false,
        committed: nullOpTime,
        ...more,
      },
    },
    now,
  );

const fail = ({ topology }: Made, index: number, now: number) => {
  for (let time = 0; time < 3; time += 1)
    takeHeartbeat(topology, `h${index}:1`, { kind: 'failure', message: 'gone' }, now);
};

test('stands for election when no primary was heard for the election timeout, and only with a majority in sight (S18)', () => {
  const made = make([{}, {}, {}]);
  hear(made, 1, 100);
  expect(made.topology.tick(9_999)).toEqual([]);
  expect(made.topology.tick(10_000)).toEqual([{ kind: 'stand', reason: 'timeout' }]);
  fail(made, 1, 10_100);
  expect(made.topology.tick(20_000)).toEqual([]);
  expect(made.topology.whyNotElectable(20_000)).toBe('cannot see a majority of the set');
});

test('a sign of the primary puts the election off', () => {
  const made = make([{}, {}, {}]);
  hear(made, 1, 9_000, { state: memberState.primary });
  expect(made.topology.tick(10_000)).toEqual([]);
  expect(made.topology.nextTick()).toBe(19_000);
});

test.each([
  ['priority 0', { priority: 0 }, 'member has zero priority'],
  ['an arbiter', { arbiterOnly: true }, 'member is an arbiter'],
])('%s never stands', (_, member, reason) => {
  const made = make([member, {}, {}]);
  hear(made, 1, 100);
  hear(made, 2, 100);
  expect(made.topology.whyNotElectable(20_000)).toBe(reason);
  expect(made.topology.tick(20_000)).toEqual([]);
});

test('a frozen member waits for its time (S15)', () => {
  const made = make([{}, {}, {}]);
  hear(made, 1, 100);
  made.topology.stepDownUntil = 15_000;
  expect(made.topology.tick(10_000)).toEqual([]);
  expect(made.topology.tick(20_000)).toEqual([{ kind: 'stand', reason: 'timeout' }]);
});

test('a heartbeat that fails is tried again twice, but not beyond the heartbeat timeout', () => {
  const made = make([{}, {}, {}]);
  const { topology } = made;
  const data = (index: number) => topology.members[index];
  const failure = { kind: 'failure', message: 'gone' } as const;
  hear(made, 1, 100);
  expect(beginHeartbeat(topology, 'h1:1', 2000)).toBe(10_000);
  takeHeartbeat(topology, 'h1:1', failure, 2001);
  expect(triesAgain(topology, 'h1:1')).toBe(true);
  expect(beginHeartbeat(topology, 'h1:1', 2001)).toBe(9_999);
  expect(data(1)).toMatchObject({ health: 1 });
  takeHeartbeat(topology, 'h1:1', failure, 12_000);
  expect(data(1)).toMatchObject({ health: 0, message: 'gone', state: memberState.down });
  expect(triesAgain(topology, 'h1:1')).toBe(false);
});

test('heartbeats come at least twice in an election timeout', () => {
  const { config } = make([{}]).topology;
  if (config === null) throw new Error('no configuration');
  expect(heartbeatInterval(config.settings)).toBe(2000);
  expect(heartbeatInterval({ ...config.settings, electionTimeoutMillis: 1000 })).toBe(500);
});

test('a primary notes which members gave no sign for the election timeout', () => {
  const made = make([{}, {}, {}]);
  made.topology.role = 'leader';
  hear(made, 1, 1_000);
  hear(made, 2, 5_000);
  expect(made.topology.tick(11_000)).toEqual([]);
  expect(made.topology.members[1]).toMatchObject({
    health: 0,
    message: 'no response within election timeout period',
  });
  expect(made.topology.nextTick()).toBe(15_000);
  hear(made, 1, 12_000);
  expect(made.topology.members[1]).toMatchObject({ health: 1, message: '' });
});

test('after a reconfiguration no majority snapshot shows until the next operation is committed', () => {
  const made = make([{}, {}, {}]);
  made.topology.raiseCommitPoint(op(8));
  expect(made.topology.snapshot).toEqual(op(8));
  made.topology.dropSnapshot();
  expect(made.topology.snapshot).toBeUndefined();
  made.topology.raiseCommitPoint(op(9));
  expect(made.topology.snapshot).toEqual(op(9));
});

test('the majority snapshot goes no further than own data', () => {
  const made = make([{}, {}, {}]);
  made.topology.raiseCommitPoint(op(20));
  expect(made.topology.snapshot).toEqual(op(10));
});

test('a primary that hears no majority for the election timeout steps down', () => {
  const made = make([{}, {}, {}]);
  made.topology.role = 'leader';
  hear(made, 1, 1_000);
  hear(made, 2, 2_000);
  expect(made.topology.nextTick()).toBe(11_000);
  expect(made.topology.tick(11_500)).toEqual([]);
  expect(made.topology.tick(12_000)).toEqual([
    { kind: 'step-down', reason: "can't see a majority of the set, relinquishing primary" },
  ]);
});

test('a higher term makes a primary step down, a lower one does not', () => {
  const made = make([{}, {}, {}]);
  made.topology.role = 'leader';
  expect(hear(made, 1, 100, { term: 0 })).toEqual([]);
  expect(hear(made, 1, 200, { term: 2 })).toEqual([
    { kind: 'step-down', reason: 'a higher term 2 was seen' },
  ]);
  expect(made.topology.term).toBe(2);
});

test('a member of higher priority takes over after one election timeout per rank', () => {
  const made = make([{ priority: 2 }, { priority: 1 }, { priority: 3 }]);
  hear(made, 1, 1_000, { state: memberState.primary });
  expect(made.topology.takeover).toEqual({ at: 21_000, kind: 'priority takeover' });
  hear(made, 1, 20_000, { state: memberState.primary });
  expect(made.topology.tick(21_000)).toEqual([{ kind: 'stand', reason: 'priority takeover' }]);
});

test('the commit point is what a majority of data-bearing voters has on disk, in the present term only', () => {
  const made = make([{}, {}, {}, { votes: 0, priority: 0 }]);
  made.topology.role = 'leader';
  made.own = { applied: op(20), appliedWall: 0, durable: op(20) };
  made.topology.takePosition(3, op(20), op(20), 1);
  expect(made.topology.advanceCommitPoint()).toBe(false);
  made.topology.takePosition(1, op(20), op(15), 1);
  expect(made.topology.advanceCommitPoint()).toBe(true);
  expect(made.topology.commitPoint).toEqual(op(15));
  made.topology.term = 2;
  made.topology.takePosition(1, op(20), op(20), 2);
  expect(made.topology.advanceCommitPoint()).toBe(false);
});

test('an arbiter has a vote in elections but none in the commit point (S16)', () => {
  const made = make([{}, {}, { arbiterOnly: true }]);
  made.topology.role = 'leader';
  made.own = { applied: op(20), appliedWall: 0, durable: op(20) };
  expect(made.topology.advanceCommitPoint()).toBe(false);
});

describe('votes', () => {
  const request = {
    setName: 'rs0',
    dryRun: false,
    term: 1,
    candidateIndex: 1,
    configVersion: 1,
    configTerm: -1,
    lastApplied: op(10),
  };
  const none = { term: 0, candidateIndex: -1 };

  test.each([
    ['granted', {}, none, ''],
    ['an older term', { term: 0 }, none, "candidate's term (0) is lower than mine (1)"],
    ['another config', { configVersion: 2 }, none, "candidate's config version (2) differs from mine (1)"],
    ['another set', { setName: 'x' }, none, "candidate's set name (x) differs from mine (rs0)"],
    [
      'a second vote in a term',
      {},
      { term: 1, candidateIndex: 2 },
      'already voted for another candidate (h2:1) this term (1)',
    ],
    ['a dry run binds nobody', { dryRun: true }, { term: 1, candidateIndex: 2 }, ''],
  ])('%s', (_, change, lastVote, reason) => {
    const made = make([{}, {}, {}]);
    const answer = answerVote(made.topology, { ...request, ...change }, lastVote, made.own);
    expect(answer).toMatchObject({ granted: reason === '', reason });
  });

  test('staler data is refused', () => {
    const made = make([{}, {}, {}]);
    const answer = answerVote(made.topology, { ...request, lastApplied: op(9) }, none, made.own);
    expect(answer.granted).toBe(false);
    expect(answer.reason).toContain("candidate's data is staler than mine");
  });

  test('an arbiter does not unseat a healthy primary of the same priority', () => {
    const made = make([{ arbiterOnly: true }, {}, {}]);
    hear(made, 2, 100, { state: memberState.primary });
    expect(answerVote(made.topology, request, none, made.own).reason).toBe(
      'can see a healthy primary (h2:1) of equal or greater priority',
    );
  });

  test.each([
    [2, 1, 2, 2, 'won'],
    [1, 2, 2, 2, 'lost'],
    [1, 1, 2, 2, 'open'],
    [1, 3, 4, 3, 'lost'],
  ] as const)(
    '%i granted, %i of %i answered, majority %i: %s',
    (granted, answered, asked, majority, outcome) => {
      expect(tally(granted, answered, asked, majority)).toBe(outcome);
    },
  );
});

test('syncs from the nearest member that has more, not from hidden, delayed or failing ones', () => {
  const made = make([{}, {}, {}, { hidden: true, priority: 0 }]);
  for (const index of [1, 2, 3]) hear(made, index, 100, { applied: op(20) });
  expect(chooseSyncSource(made.topology, op(10), new Map(), 200)).toBe('h1:1');
  expect(chooseSyncSource(made.topology, op(10), new Map([['h1:1', 500]]), 200)).toBe('h2:1');
  expect(chooseSyncSource(made.topology, op(20), new Map(), 200)).toBeUndefined();
});
