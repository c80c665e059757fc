import type { MembershipStep } from '../../../src/domain/plan';
import type {
  DesiredMember,
  MemberConfig,
  MemberReport,
  MemberStateName,
  ReplicaSetConfig,
  ReplicaSetObservation,
} from '../../../src/domain/replica-set';

export const SET_ID = '6b03f993b83a1c29b7c81a0a';

/** A replica set with the server's refusals and nothing else, for property tests. */
export interface ServerModel {
  config: ReplicaSetConfig | undefined;
  primary: string | undefined;
  users: boolean;
  /** Whether somebody has set the default write concern (S17). */
  hasConcern: boolean;
  readonly down: Set<string>;
  /** Hosts whose data is in step with the primary. */
  readonly synced: Set<string>;
  readonly usedIds: Set<number>;
  /** New addresses that already lead to members, with the hosts by which these are configured. */
  readonly alsoAt: Map<string, string>;
  /** Members at a new address that nobody has seen there yet. */
  readonly unseen: Set<string>;
  /** Chooses among `n` possibilities: elections are not ours to decide. */
  choose(n: number): number;
}

export class ServerRefusal extends Error {}

const refuse = (message: string): never => {
  throw new ServerRefusal(message);
};

const votersOf = (members: readonly MemberConfig[]): MemberConfig[] =>
  members.filter((member) => member.votes > 0);

export function createModel(
  members: readonly MemberConfig[] | undefined,
  down: Iterable<string>,
  choose: (n: number) => number,
): ServerModel {
  const downSet = new Set(down);
  const healthy = (members ?? []).filter((member) => !downSet.has(member.host));
  const voters = votersOf(members ?? []);
  const electable = healthy.filter((member) => member.priority > 0);
  const majority = votersOf(healthy).length * 2 > voters.length;
  return {
    config:
      members === undefined ? undefined : { _id: 'rs0', replicaSetId: SET_ID, version: 4, term: 2, members },
    primary: majority && electable.length > 0 ? electable[choose(electable.length)]?.host : undefined,
    users: true,
    hasConcern: false,
    down: downSet,
    synced: new Set(healthy.map((member) => member.host)),
    usedIds: new Set((members ?? []).map((member) => member._id)),
    alsoAt: new Map(),
    unseen: new Set(),
    choose,
  };
}

/** Sends one step the way the executor does; throws what the server would refuse. */
export function execute(model: ServerModel, step: MembershipStep): void {
  switch (step.kind) {
    case 'initiate':
      if (model.config !== undefined) refuse('already initialized');
      if (step.members.some((member) => model.down.has(member.host))) refuse('quorum check failed');
      validate(step.members);
      model.config = { _id: step.setName, replicaSetId: SET_ID, version: 1, term: 1, members: step.members };
      for (const member of step.members) {
        model.usedIds.add(member._id);
        model.synced.add(member.host);
      }
      return;
    case 'stepUp':
      model.primary = step.host;
      return;
    case 'createUsers':
      if (model.primary === undefined) refuse('not primary');
      model.users = true;
      return;
    case 'setDefaultWriteConcern':
      model.hasConcern = true;
      return;
    case 'addMember':
      for (const member of step.members)
        if (model.usedIds.has(member._id)) refuse(`_id ${member._id} was used before`);
      {
        reconfigure(model, (members) => [...members, ...step.members]);
        return;
      }
    case 'waitSync':
      for (const host of step.hosts) {
        if (model.down.has(host)) refuse(`${host} never syncs: it is down`);
        model.synced.add(host);
        model.unseen.delete(host);
      }
      return;
    case 'grantVote':
      if (!model.synced.has(step.host)) refuse(`${step.host} votes before it is synced`);
      {
        change(model, step.memberId, step.host, { votes: 1 });
        return;
      }
    case 'setPriority': {
      change(model, step.memberId, step.host, { priority: step.priority });
      const primary = model.config?.members.find((member) => member.host === model.primary);
      // A priority takeover may happen at once, later, or not before the plan ends.
      const takesOver =
        step.priority > (primary?.priority ?? 0) && !model.down.has(step.host) && model.choose(2) === 0;
      if (takesOver) model.primary = step.host;
      return;
    }
    case 'setMemberFields': {
      const { newHost, hidden, secondaryDelaySecs, priority, tags } = step;
      if (newHost !== undefined) {
        move(model, step.memberId, step.host, newHost);
        return;
      }
      const given = { hidden, secondaryDelaySecs, priority, tags };
      const edits = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      change(model, step.memberId, step.host, edits);
      return;
    }
    case 'revokeVote': {
      change(model, step.memberId, step.host, { votes: 0, priority: 0 });
      return;
    }
    case 'stepDown': {
      if (model.primary !== step.host) return;
      const heirs = (model.config?.members ?? []).filter(
        (member) =>
          member.priority > 0 &&
          member.host !== step.host &&
          !step.freezeHosts.includes(member.host) &&
          !model.down.has(member.host) &&
          model.synced.has(member.host),
      );
      if (heirs.length === 0) refuse('No electable secondaries caught up');
      model.primary = heirs[model.choose(heirs.length)]?.host;
      return;
    }
    case 'removeMember': {
      const ids = step.members.map((member) => member.memberId);
      reconfigure(model, (members) => members.filter((member) => !ids.includes(member._id)));
      return;
    }
  }
}

function change(model: ServerModel, id: number, host: string, edits: Partial<MemberConfig>): void {
  const present = model.config?.members.find((member) => member._id === id);
  if (present?.host !== host) refuse(`no member ${id} at ${host}`);
  reconfigure(model, (members) =>
    members.map((member) => (member._id === id ? { ...member, ...edits } : member)),
  );
}

/** The mongod stays what it is: its data, whether it leads, and that a former address may be dead. */
function move(model: ServerModel, id: number, host: string, newHost: string): void {
  if (model.alsoAt.get(newHost) !== host) refuse(`${newHost} does not lead to ${host}`);
  const away = votersOf(model.config?.members ?? []).filter(
    (member) => member.host !== host && (model.down.has(member.host) || model.unseen.has(member.host)),
  );
  const votes = votersOf(model.config?.members ?? []).some((member) => member._id === id);
  if (votes && !model.down.has(host) && away.length > 0)
    refuse(`${host} moves while another voter is away (S2)`);
  const leads = model.primary === host;
  if (leads) model.primary = newHost;
  model.down.delete(host);
  model.synced.delete(host);
  model.synced.add(newHost);
  if (votes) model.unseen.add(newHost);
  model.alsoAt.delete(newHost);
  change(model, id, host, { host: newHost });
}

function reconfigure(
  model: ServerModel,
  edit: (members: readonly MemberConfig[]) => readonly MemberConfig[],
): void {
  const { config, primary } = model;
  if (config === undefined || primary === undefined) return refuse('not primary');
  const members = edit(config.members);
  validate(members);
  const before = votersOf(config.members).map((member) => member._id);
  const after = votersOf(members).map((member) => member._id);
  const changed =
    before.filter((id) => !after.includes(id)).length + after.filter((id) => !before.includes(id)).length;
  if (changed > 1) refuse('Non force replica set reconfig can only add or remove at most 1 voting member.');
  const self = members.find((member) => member.host === primary);
  if (self === undefined) return refuse('No host described in new configuration maps to this node');
  if (self.priority === 0) refuse('This node is not electable under the new configuration');
  for (const list of [config.members, members]) {
    const voters = votersOf(list);
    const answering = voters.filter((member) => !model.down.has(member.host)).length;
    const dead = voters.length - answering;
    // The old configuration is committed already; only the new one must find its majority.
    if (list === members && answering <= voters.length / 2)
      refuse(`Quorum check failed: ${dead} voters down`);
  }
  for (const member of members) {
    const old = config.members.find((entry) => entry._id === member._id);
    if (old !== undefined && old.arbiterOnly !== member.arbiterOnly) refuse('arbiterOnly differs');
    if (old === undefined && config.members.some((entry) => entry.host === member.host))
      refuse('the host has another _id');
    model.usedIds.add(member._id);
  }
  if (!model.hasConcern && acknowledgesByOne(config.members) !== acknowledgesByOne(members))
    refuse('Reconfig attempted to install a config that would change the implicit default write concern');
  model.config = { ...config, version: config.version + 1, members };
}

/** Manual, "implicit default write concern": with arbiters, unless a majority of votes holds data with one to spare. */
function acknowledgesByOne(members: readonly MemberConfig[]): boolean {
  const voters = votersOf(members);
  const arbiters = voters.filter((member) => member.arbiterOnly).length;
  return arbiters > 0 && voters.length - arbiters <= Math.floor(voters.length / 2) + 1;
}

function validate(members: readonly MemberConfig[]): void {
  if (members.length > 50) refuse('more than 50 members');
  if (votersOf(members).length > 7) refuse('more than 7 voting members');
  if (!members.some((member) => member.priority > 0)) refuse('no electable member');
  if (new Set(members.map((member) => member.host)).size < members.length) refuse('same host twice');
  if (new Set(members.map((member) => member._id)).size < members.length) refuse('same _id twice');
  for (const member of members) {
    if (member.votes === 0 && member.priority > 0) refuse('priority must be 0 when non-voting (votes:0)');
    if (member.hidden && member.priority > 0) refuse('priority must be 0 when hidden=true');
    if (member.secondaryDelaySecs > 0 && member.priority > 0)
      refuse('priority must be 0 when slaveDelay is used');
    if (member.arbiterOnly && (member.votes !== 1 || member.priority > 0)) refuse('bad arbiter');
  }
}

/** What `observeReplicaSet` would tell of it, asking `hosts`. */
export function observe(model: ServerModel, hosts: readonly string[]): ReplicaSetObservation {
  const asked = [...new Set([...hosts, ...(model.config?.members ?? []).map((member) => member.host)])];
  return {
    at: '2026-01-01T00:00:00.000Z',
    reports: asked.flatMap((host) => {
      const known = model.alsoAt.get(host);
      if (known !== undefined) return [{ ...reportOf(model, known), host }];
      return model.down.has(host) ? [] : [reportOf(model, host)];
    }),
    unreachable: asked
      .filter((host) => model.down.has(host))
      .map((host) => ({ host, reason: 'connection refused' })),
  };
}

function reportOf(model: ServerModel, host: string): MemberReport {
  const { config } = model;
  const own = config?.members.find((member) => member.host === host);
  const base = { host, version: '7.0.14', setName: 'rs0' };
  if (config === undefined || own === undefined)
    return { ...base, membership: 'uninitialized', stateName: 'STARTUP', views: [] };
  return {
    ...base,
    membership: 'member',
    stateName: stateOf(model, own),
    primaryHost: model.primary,
    config,
    term: 2,
    views: config.members.map((member) => {
      const up = !model.down.has(member.host);
      return {
        _id: member._id,
        host: member.host,
        health: up ? 1 : 0,
        state: 0,
        stateName: up ? stateOf(model, member) : 'DOWN',
        optime: { seconds: 100, increment: 1, term: 2 },
        configVersion: config.version,
        configTerm: config.term,
        syncSourceHost: '',
        uptimeSeconds: 60,
        self: member.host === host,
      };
    }),
  };
}

function stateOf(model: ServerModel, member: MemberConfig): MemberStateName {
  if (member.arbiterOnly) return 'ARBITER';
  if (member.host === model.primary) return 'PRIMARY';
  return model.synced.has(member.host) ? 'SECONDARY' : 'STARTUP2';
}

export const desired = (
  host: string,
  fields: Partial<DesiredMember> & { readonly cluster?: string } = {},
): DesiredMember => {
  const cluster = fields.cluster ?? host.slice(0, 1);
  return {
    cluster,
    ordinal: Number(/\d+/.exec(host)?.[0] ?? 0),
    host,
    votes: 1,
    priority: 1,
    hidden: false,
    secondaryDelaySecs: 0,
    tags: { cluster },
    ...fields,
  };
};

export const member = (id: number, host: string, fields: Partial<MemberConfig> = {}): MemberConfig => ({
  _id: id,
  host,
  arbiterOnly: false,
  buildIndexes: true,
  hidden: false,
  priority: 1,
  votes: 1,
  tags: { cluster: host.slice(0, 1) },
  secondaryDelaySecs: 0,
  ...fields,
});
