// npm run bench -- plan
import type { DesiredMember, MemberConfig, MemberReport } from '../src/domain/replica-set';
import type { InstanceMember } from '../src/planner/instance-member';
import { planInstance, type InstancePlanInput } from '../src/planner/plan-instance';

const ROUNDS = 40;
const CLUSTERS = Array.from({ length: 10 }, (_, index) => `cluster-${index}`);

const hostOf = (cluster: string, ordinal: number): string => `${cluster}-${ordinal}:27017`;

function desired(cluster: string, ordinal: number, votes: 0 | 1): DesiredMember {
  return {
    cluster,
    ordinal,
    host: hostOf(cluster, ordinal),
    votes,
    priority: votes,
    hidden: false,
    secondaryDelaySecs: 0,
    tags: { cluster },
  };
}

function placeMembers(clusters: readonly string[], each: number): DesiredMember[] {
  return clusters.flatMap((cluster, index) =>
    Array.from({ length: each }, (_, ordinal) =>
      desired(cluster, ordinal, ordinal === 0 && index < 7 ? 1 : 0),
    ),
  );
}

const present = placeMembers(CLUSTERS.slice(0, 7), 7).concat(desired('cluster-9', 0, 0));
const config = {
  _id: 'rs0',
  replicaSetId: '6b03f993b83a1c29b7c81a0a',
  version: 9,
  term: 2,
  members: present.map((member, _id): MemberConfig => ({
    _id,
    host: member.host,
    arbiterOnly: false,
    buildIndexes: true,
    hidden: false,
    priority: member.priority,
    votes: member.votes,
    tags: member.tags,
    secondaryDelaySecs: 0,
  })),
};
const primary = config.members[0]?.host ?? '';
const reports = config.members.map((own): MemberReport => ({
  host: own.host,
  version: '7.0.14',
  membership: 'member',
  stateName: own.host === primary ? 'PRIMARY' : 'SECONDARY',
  setName: 'rs0',
  primaryHost: primary,
  config,
  term: 2,
  views: config.members.map((member) => ({
    _id: member._id,
    host: member.host,
    health: 1,
    state: member.host === primary ? 1 : 2,
    stateName: member.host === primary ? 'PRIMARY' : 'SECONDARY',
    optime: { seconds: 100, increment: 1, term: 2 },
    configVersion: 9,
    configTerm: 2,
    syncSourceHost: '',
    uptimeSeconds: 60,
    self: member.host === own.host,
  })),
}));

/** All of `wanted`, from the fifty that run now. */
function inputOf(wanted: readonly DesiredMember[], restart: boolean): InstancePlanInput {
  const running = new Set(present.map(({ host }) => host));
  const staying = new Set(wanted.map(({ host }) => host));
  const members = [
    ...wanted.map((member): InstanceMember => ({
      ...member,
      wanted: true,
      dispatched: running.has(member.host),
      restart: restart && running.has(member.host),
    })),
    ...present
      .filter(({ host }) => !staying.has(host))
      .map((member): InstanceMember => ({ ...member, wanted: false, dispatched: true, restart: false })),
  ];
  return {
    membership: {
      setName: 'rs0',
      generation: 2,
      desired: wanted,
      observation: { at: '2026-01-01T00:00:00Z', reports, unreachable: [] },
      seedHost: primary,
      existed: true,
      usersReady: true,
    },
    members,
    mustDispatch: true,
  };
}

const cases: Readonly<Record<string, InstancePlanInput>> = {
  'restart all 50': inputOf(present, true),
  'move 50 to other clusters': inputOf(
    placeMembers(CLUSTERS.slice(3), 7).concat(desired('cluster-0', 0, 0)),
    false,
  ),
  'shrink 50 to 3': inputOf(placeMembers(CLUSTERS.slice(0, 3), 1), false),
};

function median(run: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const begun = performance.now();
    run();
    return performance.now() - begun;
  }).sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}

for (const [name, input] of Object.entries(cases)) {
  const outcome = planInstance(input);
  const steps = outcome.kind === 'plan' ? `${outcome.plan.steps.length} steps` : JSON.stringify(outcome);
  // The floor: reading the same input once from text, as an activity does with a payload.
  const text = JSON.stringify(input);
  const floor = median(() => JSON.parse(text) as unknown);
  const time = median(() => planInstance(input));
  console.log(`${name}: ${steps}, ${time.toFixed(1)} ms, ${(time / floor).toFixed(1)} x reading the input`);
}
