import type { StepFacts } from '../domain/plan';
import { nextRelease } from '../domain/release';
import { majorityOf, type MemberConfig } from '../domain/replica-set';
import { refuse, type Applied } from './applied';
import { applyRecovery } from './apply-recovery';
import { setFault } from './config-rules';
import { keyfileFault, takeKeys, writeKeys } from './keyfile';
import { wipeFault } from './plan-rebuild';
import { candidatesIn, clusterIn, isHealthyIn, type ServerReleases, type SetState } from './set-state';

/** One step of a plan on paper: the set after it, or the rule that it breaks. */
export function applyStep(state: SetState, step: StepFacts): Applied {
  switch (step.kind) {
    case 'initiate':
      return initiate(state, step);
    case 'stepUp':
      return candidatesIn(state).some((member) => member.host === step.host)
        ? { ok: true, state: { ...state, primaryHost: step.host } }
        : refuse('S14', `${step.host} may not be elected.`);
    case 'addMember':
      return addMembers(state, step.members);
    case 'waitSync':
      return {
        ok: true,
        state: {
          ...state,
          synced: new Set([...state.synced, ...step.hosts]),
          down: without(state.down, ...step.hosts),
        },
      };
    case 'grantVote':
      return grantVote(state, step.memberId);
    case 'setPriority':
      return edit(state, step.memberId, { priority: step.priority });
    case 'setMemberFields':
      if (step.newHost !== undefined) return moveMember(state, step.memberId, step.newHost);
      return edit(state, step.memberId, {
        ...(step.hidden === undefined ? {} : { hidden: step.hidden }),
        ...(step.secondaryDelaySecs === undefined ? {} : { secondaryDelaySecs: step.secondaryDelaySecs }),
        ...(step.priority === undefined ? {} : { priority: step.priority }),
        ...(step.tags === undefined ? {} : { tags: step.tags }),
      });
    case 'revokeVote': {
      const quorum = quorumFault(state, [step.host]);
      return quorum ? refuse('S9', quorum) : edit(state, step.memberId, { votes: 0, priority: 0 });
    }
    case 'stepDown':
      return stepDown(state, step.host, step.freezeHosts);
    case 'removeMember':
      return removeMembers(
        state,
        step.members.map((member) => member.memberId),
      );
    case 'dispatch': {
      const left = state.members.find((member) => !step.clusters.includes(clusterIn(state, member)));
      return left === undefined
        ? { ok: true, state }
        : refuse('S13', `Cluster ${clusterIn(state, left)} still has member ${left.host}.`);
    }
    case 'restartMember':
      return restart(state, step.host);
    case 'retireMember':
      return state.members.some((member) => member.host === step.host)
        ? refuse('S11', `${step.host} is still in the configuration: remove it there before its pod.`)
        : { ok: true, state };
    case 'setFCV':
      return raiseVersion(state, step.version);
    case 'createUsers':
    case 'rotatePasswords':
    case 'setDefaultWriteConcern':
      return state.primaryHost === undefined
        ? refuse('S9', 'there is no primary to write to.')
        : { ok: true, state };
    case 'writeKeyfile': {
      const fault = keyfileFault(state, step);
      return fault === undefined ? { ok: true, state: writeKeys(state, step.keys) } : { ok: false, fault };
    }
    case 'retireKey': {
      const fault = keyfileFault(state, step);
      return fault === undefined ? { ok: true, state: { ...state, keys: undefined } } : { ok: false, fault };
    }
    case 'wipeMember':
      return wipe(state, step.host);
    case 'fence':
    case 'forceReconfig':
      return applyRecovery(state, step);
    case 'place':
    case 'soak':
    case 'waitPods':
    case 'shareCredentials':
    case 'setParameter':
      return { ok: true, state };
  }
}

function wipe(state: SetState, host: string): Applied {
  const fault = wipeFault(state, host);
  if (fault !== undefined) return { ok: false, fault };
  // The step is done only when it runs again, empty.
  const emptied = { ...state, down: without(state.down, host), synced: without(state.synced, host) };
  return { ok: true, state: takeKeys(emptied, host) };
}

function initiate(state: SetState, step: Extract<StepFacts, { kind: 'initiate' }>): Applied {
  if (state.initiated)
    return refuse('S4', 'A configuration exists: the set is adopted, never initiated again.');
  const fault = setFault(step.members);
  if (fault !== undefined) return { ok: false, fault };
  if (!step.members.some((member) => member.host === step.host && member.priority > 0))
    return refuse('S14', `Seed ${step.host} may not be elected.`);
  return {
    ok: true,
    state: {
      ...state,
      initiated: true,
      members: step.members,
      highestId: Math.max(state.highestId, ...step.members.map((member) => member._id)),
    },
  };
}

function addMembers(state: SetState, added: readonly MemberConfig[]): Applied {
  const arbiters = added.filter((member) => member.arbiterOnly);
  if (arbiters.length > 0 && added.length > 1)
    return refuse('S1', 'An arbiter comes with its vote, so it is added alone.');
  const early = added.find((member) => !member.arbiterOnly && (member.votes > 0 || member.priority > 0));
  if (early !== undefined)
    return refuse('S10', `${early.host} must be added with votes 0 and priority 0 and synced first.`);
  const reused = added.find((member) => member._id <= state.highestId);
  if (reused !== undefined)
    return refuse('S5', `_id ${reused._id} of ${reused.host} may have been used before.`);
  if (state.removing && votesIn(state.members) < 6)
    return refuse('S12', 'Members are added before others are removed, not after.');
  return replaceMembers(state, [...state.members, ...added]);
}

function grantVote(state: SetState, memberId: number): Applied {
  const member = state.members.find((entry) => entry._id === memberId);
  if (member !== undefined && !state.synced.has(member.host))
    return refuse('S10', `${member.host} gets no vote before it is synced.`);
  return edit(state, memberId, { votes: 1 });
}

function edit(state: SetState, memberId: number, change: Partial<MemberConfig>): Applied {
  const present = state.members.find((member) => member._id === memberId);
  if (present === undefined) return refuse('S5', `No member has _id ${memberId}.`);
  const changed = { ...present, ...change };
  const electable = changed.priority > 0 && !changed.hidden;
  if (present.host === state.primaryHost && !electable)
    return refuse('S11', `${present.host} is primary: it must step down before it becomes unelectable.`);
  const members = state.members.map((member) => (member._id === memberId ? changed : member));
  const primaryHost = present.host === state.primaryHost ? changed.host : state.primaryHost;
  return replaceMembers({ ...state, primaryHost }, members);
}

/** Until a `waitSync` nobody knows whether the others see it there, so that a voter counts as away (S2). */
function moveMember(state: SetState, memberId: number, newHost: string): Applied {
  const present = state.members.find((member) => member._id === memberId);
  const votes = present !== undefined && present.votes > 0;
  const other = votes && isHealthyIn(state, present.host) ? voterDown(state, present.host) : undefined;
  if (other !== undefined)
    return refuse(
      'S2',
      `${present?.host ?? ''} keeps its address while ${other} is down: one voting member at a time.`,
    );
  const moved = edit(state, memberId, { host: newHost });
  if (!moved.ok || present === undefined) return moved;
  const down = without(state.down, present.host);
  return { ok: true, state: { ...moved.state, down: votes ? new Set([...down, newHost]) : down } };
}

function replaceMembers(state: SetState, members: readonly MemberConfig[]): Applied {
  const moved = votingChanges(state.members, members);
  if (moved > 1) return refuse('S1', `One reconfig may change one vote, not ${moved}.`);
  const fault = setFault(members);
  if (fault !== undefined) return { ok: false, fault };
  const highestId = Math.max(state.highestId, ...members.map((member) => member._id));
  return { ok: true, state: { ...state, members, highestId } };
}

function removeMembers(state: SetState, ids: readonly number[]): Applied {
  const gone = state.members.filter((member) => ids.includes(member._id));
  if (gone.some((member) => member.host === state.primaryHost))
    return refuse('S11', `${state.primaryHost ?? ''} is primary: it must step down before it is removed.`);
  const voters = gone.filter((member) => member.votes > 0).map((member) => member.host);
  const quorum = voters.length > 0 ? quorumFault(state, voters) : undefined;
  if (quorum !== undefined) return refuse('S9', quorum);
  const left = state.members.filter((member) => !ids.includes(member._id));
  return replaceMembers({ ...state, removing: true }, left);
}

function stepDown(state: SetState, host: string, frozen: readonly string[]): Applied {
  const heirs = candidatesIn(state, host).filter((member) => !frozen.includes(member.host));
  const heir = heirs.reduce<MemberConfig | undefined>(
    (best, member) => (best === undefined || member.priority > best.priority ? member : best),
    undefined,
  );
  if (heir === undefined)
    return refuse('S14', `no healthy member but ${host} may be elected: ${host} cannot step down.`);
  // With two votes no voter can ever be spared; one that steps down goes on voting.
  const quorum = votesIn(state.members) > 2 ? quorumFault(state, [host], false) : undefined;
  return quorum === undefined
    ? { ok: true, state: { ...state, primaryHost: heir.host } }
    : refuse('S9', quorum);
}

function restart(state: SetState, host: string): Applied {
  const member = state.members.find((entry) => entry.host === host);
  const voter = member !== undefined && member.votes > 0;
  const down = voterDown(state, host);
  if (voter && down !== undefined)
    return refuse('S2', `${down} is down already: one voting member at a time.`);
  if (host === state.primaryHost && votesIn(state.members) > 1)
    return refuse('S11', `${host} is primary: it must step down before it is restarted.`);
  const quorum = voter && votesIn(state.members) > 2 ? quorumFault(state, [host], false) : undefined;
  if (quorum !== undefined) return refuse('S9', quorum);
  const started = startServer(state.servers, host);
  if (typeof started === 'string') return refuse('S22', started);
  // The step is done only when the member serves again.
  const up = { ...state, down: without(state.down, host), servers: started };
  return { ok: true, state: takeKeys(up, host) };
}

/** The servers once this one has come back with its new binary, or why it would not come. */
function startServer(servers: ServerReleases | undefined, host: string): ServerReleases | string | undefined {
  if (servers?.becomes === undefined) return servers;
  const { version, becomes } = servers;
  if (version !== undefined && becomes !== version && becomes !== nextRelease(version))
    return `${becomes} does not start on data of feature compatibility version ${version}.`;
  return { ...servers, releases: new Map([...servers.releases, [host, becomes]]) };
}

function raiseVersion(state: SetState, version: string): Applied {
  const down = state.members.find((member) => !isHealthyIn(state, member.host));
  if (down !== undefined) return refuse('S22', `${down.host} is down: every member must be healthy.`);
  const { servers } = state;
  if (servers === undefined) return { ok: true, state };
  const other = state.members.find((member) => servers.releases.get(member.host) !== version);
  if (other !== undefined)
    return refuse(
      'S22',
      `${other.host} runs ${servers.releases.get(other.host) ?? 'an unknown release'}, not ${version}.`,
    );
  if (servers.version !== undefined && nextRelease(servers.version) !== version)
    return refuse('S22', `${version} does not follow feature compatibility version ${servers.version}.`);
  return { ok: true, state: { ...state, servers: { ...servers, version } } };
}

const without = (hosts: ReadonlySet<string>, ...gone: readonly string[]): Set<string> =>
  new Set([...hosts].filter((one) => !gone.includes(one)));

/** A voter other than this one that is down. */
const voterDown = (state: SetState, exceptHost: string): string | undefined =>
  state.members.find(
    (entry) => entry.votes > 0 && entry.host !== exceptHost && !isHealthyIn(state, entry.host),
  )?.host;

const votesIn = (members: readonly MemberConfig[]): number =>
  members.filter((member) => member.votes > 0).length;

/** Voting members of one configuration that do not vote in the other. */
function votingChanges(before: readonly MemberConfig[], after: readonly MemberConfig[]): number {
  const votersOf = (members: readonly MemberConfig[]): number[] =>
    members.filter((member) => member.votes > 0).map((member) => member._id);
  const [old, now] = [votersOf(before), votersOf(after)];
  return old.filter((id) => !now.includes(id)).length + now.filter((id) => !old.includes(id)).length;
}

/**
 * S9: without `hosts` the healthy voters must still be a majority. When their votes go with them the new majority
 * counts, and while more than two vote also the old one, unless it is a dead member's vote that goes.
 */
function quorumFault(state: SetState, hosts: readonly string[], votesGo = true): string | undefined {
  const voters = state.members.filter((member) => member.votes > 0);
  const healthy = voters.filter((member) => isHealthyIn(state, member.host));
  const left = healthy.filter((member) => !hosts.includes(member.host)).length;
  const dead = hosts.every((host) => !isHealthyIn(state, host));
  const small = voters.length <= 2;
  const needed =
    votesGo && (dead || small) ? majorityOf(voters.length - hosts.length) : majorityOf(voters.length);
  if (left >= needed) return undefined;
  const down = voters.filter((member) => !isHealthyIn(state, member.host)).map((member) => member.host);
  const because = down.length > 0 ? `; down: ${down.join(', ')}` : '';
  return `without ${hosts.join(', ')} only ${left} healthy voters would be left of the ${needed} that are needed${because}.`;
}
