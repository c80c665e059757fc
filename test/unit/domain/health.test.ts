import { judgeHealth, writablePrimary } from '../../../src/domain/health';
import type {
  DesiredMember,
  MemberReport,
  MemberStateName,
  MemberView,
  ReplicaSetConfig,
} from '../../../src/domain/replica-set';

const places = [
  ['east', 0],
  ['east', 1],
  ['west', 0],
  ['west', 1],
  ['north', 0],
] as const;
const desired: DesiredMember[] = places.map(([cluster, ordinal]) => ({
  cluster,
  ordinal,
  host: `${cluster}:${ordinal}`,
  votes: 1,
  priority: 1,
  hidden: false,
  secondaryDelaySecs: 0,
  tags: {},
}));
const config: ReplicaSetConfig = {
  _id: 'replset-0',
  version: 3,
  members: desired.map((member, index) => ({
    _id: index,
    host: member.host,
    arbiterOnly: false,
    buildIndexes: true,
    hidden: false,
    priority: 1,
    votes: 1,
    tags: {},
    secondaryDelaySecs: 0,
  })),
};

function views(down: readonly string[], primary: string): MemberView[] {
  return config.members.map((member) => ({
    _id: member._id,
    host: member.host,
    health: down.includes(member.host) ? 0 : 1,
    state: 0,
    stateName: down.includes(member.host) ? 'DOWN' : member.host === primary ? 'PRIMARY' : 'SECONDARY',
    optime: { seconds: member.host === 'west:1' ? 90 : 100, increment: 1, term: 1 },
    syncSourceHost: '',
    uptimeSeconds: 1,
    self: member.host === primary,
  }));
}

function report(
  host: string,
  stateName: MemberStateName,
  down: readonly string[] = [],
  primary = 'east:0',
  term = 1,
): MemberReport {
  return {
    host,
    version: '7.0.14',
    membership: 'member',
    stateName,
    config: { ...config, term },
    views: views(down, primary).map((view) => ({ ...view, self: view.host === host })),
  };
}

function judge(reports: MemberReport[], unreachable: string[] = [], promised = true) {
  return judgeHealth({
    desired,
    observation: {
      at: '',
      reports,
      unreachable: unreachable.map((host) => ({ host, reason: 'connect ECONNREFUSED' })),
    },
    survivesAnyCluster: promised,
  });
}

const all = desired.map(({ host }) => report(host, host === 'east:0' ? 'PRIMARY' : 'SECONDARY'));

describe('judgeHealth', () => {
  it('is Health with all five, a margin of two and no fatal cluster (S8)', () => {
    expect(judge(all)).toMatchObject({
      word: 'Health',
      reasons: [],
      margin: 2,
      fatalClusters: [],
      primaryHost: 'east:0',
    });
  });

  it('tells lag by optime', () => {
    expect(judge(all).members.find((member) => member.host === 'west:1')?.lagSeconds).toBe(10);
  });

  it('is SubHealth with one member down, and names it and the clusters whose loss is fatal now', () => {
    const verdict = judge(
      [report('east:0', 'PRIMARY', ['west:0']), report('east:1', 'SECONDARY', ['west:0'])],
      ['west:0'],
    );
    expect(verdict).toMatchObject({ word: 'SubHealth', margin: 1, fatalClusters: ['east'] });
    expect(verdict.reasons).toContain('west:0 is DOWN');
  });

  it('does not call a member down that we cannot reach but the primary sees (S9)', () => {
    const verdict = judge([report('east:0', 'PRIMARY')], ['west:0']);
    expect(verdict.members.find((member) => member.host === 'west:0')?.role).toBe('SECONDARY');
    expect(verdict.word).toBe('Health');
  });

  it('is UnHealth without a primary', () => {
    expect(judge([report('east:1', 'SECONDARY', ['east:0', 'west:0', 'west:1'])]).word).toBe('UnHealth');
  });

  it('does not believe a primary that sees no majority', () => {
    expect(judge([report('east:0', 'PRIMARY', ['west:0', 'west:1', 'north:0'])]).word).toBe('UnHealth');
  });

  it('is UnKnown when nothing answers, and says why', () => {
    const verdict = judge(
      [],
      desired.map(({ host }) => host),
    );
    expect(verdict.word).toBe('UnKnown');
    expect(verdict.reasons[0]).toContain('ECONNREFUSED');
  });

  it('is SubHealth when the configuration differs from what is wanted', () => {
    const other = all.map((one) => ({
      ...one,
      config: {
        ...config,
        members: config.members.map((member) =>
          member._id === 4
            ? { ...member, votes: 0, priority: 0, tags: { rack: 'b', cluster: 'x' }, secondaryDelaySecs: 9 }
            : member,
        ),
      },
    }));
    expect(judge(other).reasons.slice(0, 4)).toEqual([
      'north:0 has votes 0, wanted 1',
      'north:0 has priority 0, wanted 1',
      'north:0 has secondaryDelaySecs 9, wanted 0',
      'north:0 has tags cluster=x,rack=b, wanted none',
    ]);
    const facts = {
      desired,
      observation: { at: '', reports: other, unreachable: [] },
      survivesAnyCluster: true,
    };
    const { reasons } = judgeHealth({ ...facts, placeless: new Set(['north']) });
    expect(reasons.join()).not.toContain('tags');
  });
});

describe('writablePrimary', () => {
  it('takes the higher term of two claimants', () => {
    const old = report('east:0', 'PRIMARY', [], 'east:0', 1);
    const young = report('west:0', 'PRIMARY', [], 'west:0', 2);
    expect(writablePrimary([old, young])?.host).toBe('west:0');
    expect(writablePrimary([young, old])?.host).toBe('west:0');
  });
});

describe('beside an arbiter', () => {
  const psa: ReplicaSetConfig = {
    ...config,
    members: config.members
      .slice(0, 3)
      .map((member, index) => (index === 2 ? { ...member, arbiterOnly: true, priority: 0 } : member)),
  };
  const judge = (down: readonly string[]) =>
    judgeHealth({
      desired: desired.slice(0, 3),
      observation: {
        at: '',
        reports: [
          {
            ...report('east:0', 'PRIMARY', down),
            config: psa,
            views: views(down, 'east:0')
              .slice(0, 3)
              .map((view) =>
                view.host === 'west:0' && view.health === 1
                  ? { ...view, stateName: 'ARBITER' as const }
                  : view,
              ),
          },
        ],
        unreachable: [],
      },
      survivesAnyCluster: false,
    });

  it('says when majority writes wait though there is a primary (S16)', () => {
    const stalled = judge(['east:1']);
    expect(stalled.word).toBe('SubHealth');
    expect(stalled.reasons.join()).toContain(
      'writes with w:majority wait: 1 of the 2 members with data that must acknowledge them serve',
    );
    for (const down of [[], ['west:0']]) expect(judge(down).reasons.join()).not.toContain('w:majority');
  });
});

describe('the election of the primary', () => {
  it('is told with its term, and not without a primary', () => {
    const led = { ...report('east:0', 'PRIMARY', [], 'east:0', 7), term: 7 };
    const told = { ...led, electedAt: '2026-11-26T10:00:00.000Z', electionReason: 'electionTimeout' };
    const judge = (reports: readonly MemberReport[]) =>
      judgeHealth({ desired, observation: { at: '', reports, unreachable: [] }, survivesAnyCluster: false });
    expect(judge([told]).election).toEqual({
      term: 7,
      host: 'east:0',
      at: '2026-11-26T10:00:00.000Z',
      reason: 'electionTimeout',
    });
    expect(judge([led]).election).toEqual({ term: 7, host: 'east:0' });
    expect(judge([report('east:1', 'SECONDARY')])).not.toHaveProperty('election');
  });
});

describe('a set that is being made', () => {
  const uninitialized = {
    ...report('east:0', 'STARTUP'),
    membership: 'uninitialized' as const,
    config: undefined,
  };
  const judge = (isNew: boolean) =>
    judgeHealth({
      desired,
      observation: { at: '', reports: [uninitialized], unreachable: [] },
      survivesAnyCluster: false,
      isNew,
    });

  it('has lost no majority that it never had', () => {
    expect(judge(true)).toMatchObject({ word: 'UnHealth', majorityLost: undefined });
    expect(judge(false).majorityLost).toContain('no member answers that knows the configuration');
  });
});
