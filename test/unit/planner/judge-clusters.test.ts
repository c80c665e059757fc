import type { LossMark } from '../../../src/domain/loss';
import type { MemberConfig, MemberReport, ReplicaSetObservation } from '../../../src/domain/replica-set';
import { judgeClusters, type EvidenceFacts, type PlatformSight } from '../../../src/planner/judge-clusters';
import { makeChance, pick } from '../../support/chance';

const CLUSTERS = ['east', 'north', 'west'] as const;
const hostIn = (cluster: string): string => `${cluster}:1`;

interface Situation {
  /** Whose API server answers. */
  readonly api?: readonly string[];
  readonly ready?: readonly string[];
  /** Whose mongod runs. */
  readonly up?: readonly string[];
  /** Pairs that see each other although one is down to the others, as `seer>seen`. */
  readonly alsoSees?: readonly string[];
  /** Members that answer us; else all that run. */
  readonly reached?: readonly string[];
  readonly primary?: string | undefined;
  readonly marks?: Record<string, LossMark>;
}

function factsOf(situation: Situation): EvidenceFacts {
  const { api = CLUSTERS, ready = api, up = CLUSTERS, alsoSees = [], marks = {} } = situation;
  const reached = (situation.reached ?? up).map(hostIn);
  const leader = 'primary' in situation ? situation.primary : up.length >= 2 ? up[0] : undefined;
  const members = CLUSTERS.map((cluster, _id): MemberConfig => ({
    _id,
    host: hostIn(cluster),
    arbiterOnly: false,
    buildIndexes: true,
    hidden: false,
    priority: 1,
    votes: 1,
    tags: { cluster },
    secondaryDelaySecs: 0,
  }));
  const config = { _id: 'rs0', version: 3, term: 2, members };
  const reports = up
    .filter((cluster) => reached.includes(hostIn(cluster)))
    .map((cluster): MemberReport => {
      const role = cluster === leader ? 'PRIMARY' : 'SECONDARY';
      return {
        host: hostIn(cluster),
        version: '7.0.0',
        membership: 'member',
        stateName: role,
        config,
        views: members.map(({ _id, host }) => {
          const seen =
            up.map(hostIn).includes(host) || alsoSees.includes(`${cluster}>${host.replace(':1', '')}`);
          return {
            _id,
            host,
            health: seen ? 1 : 0,
            state: seen ? 2 : 8,
            stateName: seen ? (host === hostIn(leader ?? '') ? 'PRIMARY' : 'SECONDARY') : 'DOWN',
            syncSourceHost: '',
            uptimeSeconds: 9,
            self: host === hostIn(cluster),
          };
        }),
      };
    });
  const observation: ReplicaSetObservation = { at: '', reports, unreachable: [] };
  const platform = CLUSTERS.map((cluster): PlatformSight => ({
    cluster,
    ready: ready.includes(cluster),
    readySince: '2026-11-26T10:00:00Z',
    api: api.includes(cluster),
  }));
  return { platform, observation, clusterOf: new Map(), marks };
}

const judge = (situation: Situation) => judgeClusters(factsOf(situation));
const dead = (situation: Situation): string[] =>
  Object.entries(judge(situation).looks)
    .filter(([, { looks, hold, confirmed }]) => looks === 'dead' && hold === undefined && confirmed)
    .map(([cluster]) => cluster);

const OTHERS = ['north', 'west'];

describe('a cluster is called lost', () => {
  it('when its API server is silent and every survivor sees its mongods down, and both views are told', () => {
    const { looks, silent } = judge({ api: OTHERS, up: OTHERS });
    expect(silent).toEqual(['east']);
    expect(looks['east']).toMatchObject({ looks: 'dead', confirmed: true, hold: undefined });
    expect(looks['east']?.views).toBe(
      'Karmada: not Ready since 2026-11-26T10:00:00Z; its API server does not answer; members: east:1 down to north:1, west:1',
    );
  });

  it('as of the last heartbeat that any survivor had of it', () => {
    const { observation, ...facts } = factsOf({ api: OTHERS, up: OTHERS });
    const silences: Record<string, number | undefined> = { 'north:1': 13, 'west:1': 11.5 };
    const told = (known: typeof silences) =>
      judgeClusters({
        ...facts,
        observation: {
          ...observation,
          at: '2026-11-26T10:00:20.000Z',
          reports: observation.reports.map((report) => ({
            ...report,
            views: report.views.map((view) => ({
              ...view,
              // Of each other they heard just now: that says nothing of the one that is lost.
              silentSeconds: view.host === 'east:1' ? known[report.host] : 1,
            })),
          })),
        },
      }).looks['east']?.heardAt;
    expect(told(silences)).toBe('2026-11-26T10:00:08.500Z');
    expect(told({ 'north:1': 13 })).toBe('2026-11-26T10:00:07.000Z');
    expect(told({})).toBeUndefined();
  });

  it('not when only its API server is down, nor when only its mongods are', () => {
    expect(judge({ api: OTHERS }).looks).toEqual({});
    expect(judge({ up: OTHERS }).looks).toEqual({});
    expect(judge({ up: OTHERS }).silent).toEqual(['east']);
  });

  it('not for sure before Karmada says the same', () => {
    expect(judge({ api: OTHERS, ready: CLUSTERS, up: OTHERS }).looks['east']).toMatchObject({
      confirmed: false,
    });
  });

  it('not while a single survivor sees it, be it a secondary', () => {
    expect(judge({ api: OTHERS, up: OTHERS, alsoSees: ['west>east'] }).looks).toEqual({});
    expect(judge({ api: OTHERS, up: OTHERS, alsoSees: ['north>east'] }).looks).toEqual({});
  });

  it('not while one of its members answers us', () => {
    const facts = factsOf({ api: OTHERS, up: OTHERS });
    const [report] = facts.observation.reports;
    if (report === undefined) throw new Error('nobody answers');
    const stale: MemberReport = {
      ...report,
      host: 'east:1',
      membership: 'removed',
      views: [],
    };
    const observation = { ...facts.observation, reports: [...facts.observation.reports, stale] };
    expect(judgeClusters({ ...facts, observation }).looks).toEqual({});
  });

  it('but held when more than half look lost at once', () => {
    expect(judge({ api: ['west'], up: OTHERS }).looks['east']?.hold).toContain(
      '2 of 3 clusters (east, north)',
    );
  });

  it('but held without a primary, and called a lost majority when too few voters answer', () => {
    expect(judge({ api: OTHERS, up: OTHERS, primary: undefined }).looks['east']?.hold).toContain(
      'no primary',
    );
    const { looks, majorityLost } = judge({ api: OTHERS, up: ['west'] });
    expect(majorityLost).toContain('1 of 3 voters answer and 2 are needed');
    expect(looks['east']?.hold).toBe(majorityLost);
  });

  it('by a person also when its mongods answer us but nobody on the side of the primary, never the other way round', () => {
    const facts = factsOf({ up: OTHERS });
    const [witness] = facts.observation.reports;
    if (witness === undefined) throw new Error('nobody answers');
    // Cut off from the others and not from us: it sees itself alone, and has stepped down.
    const alone: MemberReport = {
      ...witness,
      host: 'east:1',
      stateName: 'SECONDARY',
      views: witness.views.map((view) => ({
        ...view,
        health: view.host === 'east:1' ? 1 : 0,
        self: view.host === 'east:1',
      })),
    };
    const observation = { ...facts.observation, reports: [...facts.observation.reports, alone] };
    const { silent, unseen, looks } = judgeClusters({ ...facts, observation });
    expect([silent, unseen, looks]).toEqual([[], ['east'], {}]);
    // It sees the whole other side down, where the primary is.
    const clusterOf = new Map([['west:1', 'north']]);
    expect(judgeClusters({ ...facts, observation, clusterOf }).unseen).toEqual(['east']);
    expect(judge({ up: OTHERS, alsoSees: ['west>east'] }).unseen).toEqual([]);
    expect(judge({ up: OTHERS, primary: undefined }).unseen).toEqual([]);
  });

  it('not by us when no member answers us at all', () => {
    expect(judge({ api: [], up: CLUSTERS, reached: [] }).looks).toEqual({});
  });

  it('and alive again only by both: Ready, and its API server answers', () => {
    const marks = { east: { at: '', since: '', views: '' } };
    expect(judge({ marks, up: OTHERS }).looks['east']).toMatchObject({ looks: 'alive' });
    expect(judge({ marks, up: OTHERS, api: OTHERS, ready: CLUSTERS }).looks['east']?.looks).toBe('dead');
    expect(judge({ marks, ready: OTHERS }).looks).toEqual({});
  });
});

test('whatever is seen, nothing unheld is called dead that anything has seen alive, nor two of three, nor without majority', () => {
  const some = (chance: () => number): string[] => CLUSTERS.filter(() => chance() < 0.6);
  for (let seed = 1; seed <= 3000; seed += 1) {
    const chance = makeChance(seed);
    const up = some(chance);
    const situation: Situation = {
      api: some(chance),
      ready: some(chance),
      up,
      alsoSees: chance() < 0.3 ? [`${pick(chance, CLUSTERS)}>${pick(chance, CLUSTERS)}`] : [],
      reached: chance() < 0.5 ? up : up.filter(() => chance() < 0.7),
    };
    const called = dead(situation);
    const where = JSON.stringify([seed, situation, called]);
    expect([where, called.length <= 1]).toEqual([where, true]);
    for (const cluster of called) {
      const seers =
        situation.reached?.filter((one) => situation.alsoSees?.includes(`${one}>${cluster}`)) ?? [];
      expect([where, up.includes(cluster), situation.api?.includes(cluster), seers]).toEqual([
        where,
        false,
        false,
        [],
      ]);
      expect([where, up.length >= 2]).toEqual([where, true]);
    }
  }
});
