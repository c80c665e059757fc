import { nextOperation } from '../../../src/workflows/entity-choice';
import { nextRecovery, preempts } from '../../../src/workflows/entity-recovery';
import {
  dropOutdated,
  planRecoveryAgain,
  type Found,
  type InstanceState,
  type RunnableKind,
  type SuspendedOperation,
} from '../../../src/workflows/entity-state';

const snapshot = (more: Partial<Found> = {}): Found => ({
  found: true,
  generation: 1,
  deletionRequested: false,
  paused: false,
  created: true,
  clusters: [],
  health: 'Health',
  wish: 'w1',
  ...more,
});
const REST: InstanceState = { schemaVersion: 1, operations: 3, failures: 0 };
const VIEW = { votes: 3, majority: 2, healthyVotes: 3, margin: 1, losses: [] };

const suspended = (kind: RunnableKind): SuspendedOperation => ({
  kind,
  cluster: 'east',
  wish: 'w1',
  workflowId: 'x',
  startedAt: '',
  suspension: {
    plan: {
      steps: [],
      hash: 'h',
      risk: 'safe',
      risky: [],
      provisional: false,
      warnings: [],
      before: VIEW,
      after: VIEW,
    },
    wait: { code: 'ApprovalNeeded', message: 'approve' },
  },
});
const next = (found: Partial<Found>, state: Partial<InstanceState> = {}): string | undefined => {
  const wanted = nextOperation(snapshot(found), { ...REST, ...state }, 0);
  return wanted === undefined ? undefined : [wanted.kind, wanted.cluster ?? ''].join(' ').trim();
};

describe('what comes first', () => {
  it('is a removal, then a loss, then a return, then what else is asked for', () => {
    const all = { lost: 'east', returned: 'west', change: 'scaleInstance' } as const;
    expect(next({ ...all, deletionRequested: true })).toBe('deleteInstance');
    expect(next(all)).toBe('failoverInstance east');
    expect(next({ ...all, lost: undefined })).toBe('failbackInstance west');
    expect(next({ change: 'scaleInstance' })).toBe('scaleInstance');
    expect(next({ ...all, created: false })).toBe('createInstance');
  });

  it('is a call by a person before all that was asked for earlier', () => {
    const requests = [
      { kind: 'switchoverInstance', switchTo: { cluster: 'west' } },
      { kind: 'failoverInstance', cluster: 'north' },
    ] as const;
    expect(next({}, { requests })).toBe('failoverInstance north');
    expect(next({ lost: 'east' }, { requests })).toBe('failoverInstance north');
    expect(next({ calledLost: 'east', change: 'scaleInstance' })).toBe('failoverInstance east');
  });

  it('is not begun again while its own plan waits, and drops the plan of another', () => {
    expect(next({ lost: 'east' }, { suspended: suspended('failoverInstance') })).toBeUndefined();
    expect(next({ returned: 'east' }, { suspended: suspended('failbackInstance') })).toBeUndefined();
    expect(next({ lost: 'east' }, { suspended: suspended('scaleInstance') })).toBe('failoverInstance east');
    expect(next({ returned: 'east' }, { suspended: suspended('failoverInstance') })).toBe(
      'failbackInstance east',
    );
  });

  it('is not what somebody has stopped; a failover that was stopped is over when its cluster is back', () => {
    const held = (kind: RunnableKind) => ({ held: { wish: 'w1', kind, message: 'stopped by ann' } });
    expect(next({ lost: 'east' }, held('failoverInstance'))).toBeUndefined();
    expect(next({ returned: 'east' }, held('failbackInstance'))).toBeUndefined();
    expect(next({ returned: 'east' }, held('failoverInstance'))).toBe('failbackInstance east');
    expect(next({ lost: 'east', wish: 'w2' }, held('failoverInstance'))).toBe('failoverInstance east');
  });

  it('takes a hold for what is asked for now where the operation has changed that itself', () => {
    const state = dropOutdated(snapshot({ wish: 'w2' }), {
      ...REST,
      held: { wish: 'w1', adopts: true, kind: 'failoverInstance', message: 'stopped' },
    });
    expect(state.held).toMatchObject({ wish: 'w2', adopts: false });
    expect(dropOutdated(snapshot({ wish: 'w3' }), state).held).toBeUndefined();
  });
});

test('a failover makes room for itself, but for a removal, a creation and its like; a return only ends a failover', () => {
  const over = (wanted: RunnableKind, running: RunnableKind): boolean =>
    preempts({ kind: wanted }, { kind: running });
  const changes = [
    'scaleInstance',
    'updateInstance',
    'drainInstance',
    'switchoverInstance',
    'failbackInstance',
  ] as const;
  for (const kind of changes) expect([kind, over('failoverInstance', kind)]).toEqual([kind, true]);
  for (const kind of ['deleteInstance', 'createInstance', 'failoverInstance'] as const)
    expect([kind, over('failoverInstance', kind)]).toEqual([kind, false]);
  expect(over('failbackInstance', 'failoverInstance')).toBe(true);
  expect(over('failbackInstance', 'scaleInstance')).toBe(false);
  expect(over('deleteInstance', 'failoverInstance')).toBe(true);
  expect(over('scaleInstance', 'failoverInstance')).toBe(false);
  expect(nextRecovery(snapshot(), REST)).toBeUndefined();
});

describe('a majority that somebody wants recovered', () => {
  const asked = { kind: 'recoverInstance', asker: { by: 'ann', why: 'burnt' } } as const;
  const waiting = suspended('recoverInstance');

  it('comes before everything but a removal, by Update or by annotation', () => {
    const all = { lost: 'east', change: 'scaleInstance' } as const;
    expect(next(all, { requests: [asked] })).toBe('recoverInstance');
    expect(next({ ...all, recoveryAsked: 'burnt' })).toBe('recoverInstance');
    expect(next({ ...all, deletionRequested: true }, { requests: [asked] })).toBe('deleteInstance');
  });

  it('waits for a name with its plan: neither time, nor an annotation, nor another wish lets it run', () => {
    expect(next({ approved: 'h' }, { suspended: waiting })).toBeUndefined();
    const failover = { kind: 'failoverInstance', cluster: 'east' } as const;
    expect(next({ lost: 'east' }, { suspended: waiting, requests: [failover] })).toBeUndefined();
    const agreed = { hash: 'h', risky: [], by: 'ann' };
    expect(nextOperation(snapshot(), { ...REST, suspended: { ...waiting, agreed } }, 0)).toMatchObject({
      kind: 'recoverInstance',
      agreed,
    });
    expect(next({ recoveryAsked: 'again' }, { suspended: waiting })).toBe('recoverInstance');
  });

  it('is planned again when what is asked for has changed, or when its plan is void', () => {
    const state = dropOutdated(snapshot({ wish: 'w2' }), { ...REST, suspended: waiting });
    expect([state.suspended, state.requests?.map(({ kind }) => kind)]).toEqual([
      undefined,
      ['recoverInstance'],
    ]);
    const agreed = { hash: 'h', risky: [], by: 'ann' };
    const again = planRecoveryAgain({ ...REST, suspended: { ...waiting, agreed } });
    expect([again.suspended, again.requests?.[0]?.agreed]).toEqual([undefined, undefined]);
    expect(again.requests).toHaveLength(1);
  });

  it('makes room for itself, and no failover makes room in it', () => {
    expect(preempts({ kind: 'recoverInstance' }, { kind: 'failoverInstance' })).toBe(true);
    expect(preempts({ kind: 'failoverInstance' }, { kind: 'recoverInstance' })).toBe(false);
    expect(preempts({ kind: 'recoverInstance' }, { kind: 'createInstance' })).toBe(false);
    expect(preempts({ kind: 'deleteInstance' }, { kind: 'recoverInstance' })).toBe(true);
  });
});
