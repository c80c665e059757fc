import type { z } from 'zod';
import type { MemberPod, MongoDBStatus, mongoDBStateSchema, replsetEntrySchema } from '../api/mongodb';
import { mergeConditions, type ConditionNews } from '../domain/condition';
import { ANNOTATIONS } from '../domain/marks';
import { REPLICA_SET_NAME, type Ordinal } from '../domain/names';
import type { MemberReport } from '../domain/replica-set';
import type { Snapshot } from './cluster-cache';
import { currentRevision } from './current-revision';
import { SYSTEM_USERS, type Findings, type ReplicaFindings, type SystemUser } from './findings';
import type { Instance } from './instance';
import { describeMembers } from './member-pods';
import { describeRefusal } from './refusal';

type State = z.infer<typeof mongoDBStateSchema>;
type ReplsetEntry = z.infer<typeof replsetEntrySchema>;

const USER_CONDITIONS: Readonly<Record<SystemUser, string>> = {
  root: 'userRoot',
  clusterAdmin: 'userClusterAdmin',
  clusterMonitor: 'userClusterMonitor',
};

interface Verdict {
  readonly state: State;
  readonly reason: string;
  readonly message: string;
}

/** The whole status after a pass. Pure: the same findings give the same status. */
export function computeStatus(
  instance: Instance,
  snapshot: Snapshot,
  findings: Findings,
  now: string,
): MongoDBStatus {
  const { spec, status: before } = instance;
  const ordinals = new Set<Ordinal>([
    ...findings.members.wanted,
    ...snapshot.statefulSets.keys(),
    ...snapshot.pods.keys(),
  ]);
  const members = describeMembers(instance, snapshot, [...ordinals], findings.pendingTemplates);
  const wanted = members.filter(({ ordinal }) => findings.members.wanted.includes(ordinal));
  const verdict = judge(instance, wanted, findings);
  const replset = replsetOf(findings.replica) ?? [];
  const conditions = mergeConditions(
    (before?.conditions ?? []).map((condition) => ({ ...condition })),
    conditionNews(instance, findings, verdict),
    now,
  );
  return {
    state: verdict.state,
    observedGeneration: instance.metadata.generation,
    overrideRevision: instance.metadata.annotations[ANNOTATIONS.overrideRevision],
    templateRevision: instance.metadata.annotations[ANNOTATIONS.templateRevision],
    customConfigRevision: findings.customConfigRevision,
    credentialsRevision: findings.credentialsRevision,
    currentRevision: currentRevision(instance.name, spec),
    currentInfo: {
      members: wanted.filter(({ ordinal, ready }) => ordinal !== 'arbiter' && ready).length,
      resources: spec.resources,
    },
    readyMembers: members.filter(({ ready }) => ready).length,
    image: findings.image?.image ?? before?.image,
    primary: replset.find(({ stateStr }) => stateStr === 'PRIMARY')?.name,
    externalAddress: joinAddresses(findings.addresses.external),
    internalAddress: joinAddresses(findings.addresses.internal),
    connectionString: findings.membership?.connectionString ?? before?.connectionString,
    replset,
    members,
    waitingFor: verdict.state === 'Running' ? undefined : verdict.message,
    conditions,
  };
}

const joinAddresses = (list: readonly string[]): string | undefined =>
  list.length === 0 ? undefined : list.join(',');

function judge(instance: Instance, wanted: readonly MemberPod[], findings: Findings): Verdict {
  const { members, notReady, conflicts, refusals, membership, replica, waits, pendingTemplates } = findings;
  if (instance.spec.pause === true)
    return { state: 'Pause', reason: 'Paused', message: 'spec.pause is true: nothing is changed.' };
  if (members.held) {
    return {
      state: 'Reconciling',
      reason: 'Held',
      message: 'spec.members is absent: nothing is built and nothing is taken away until it is set.',
    };
  }
  if (notReady !== undefined) {
    const state = notReady.outcome === 'refused' ? 'Error' : 'Reconciling';
    return { state, reason: notReady.reason, message: notReady.message };
  }
  if (conflicts.length > 0) {
    return {
      state: 'Error',
      reason: 'Conflict',
      message: `${conflicts.join(', ')}: not made for this object and left alone. Remove or rename it.`,
    };
  }
  if (refusals.length > 0)
    return { state: 'Error', reason: 'SpecRefused', message: describeRefusal(refusals.join('; ')) };
  if (membership?.refused !== undefined)
    return { state: 'Error', reason: 'Refused', message: membership.refused };
  const unready = wanted.filter(({ ready }) => !ready);
  if (unready.length > 0) {
    return {
      state: 'Reconciling',
      reason: 'MembersNotReady',
      message: unready.map(({ pod, reason, phase }) => `${pod}: ${reason ?? phase ?? ''}`).join('; '),
    };
  }
  const [firstWait] = waits;
  if (firstWait !== undefined) return { state: 'Reconciling', reason: 'Waiting', message: waits.join('; ') };
  if (pendingTemplates.length > 0) {
    return {
      state: 'Reconciling',
      reason: 'TemplatePending',
      message: `A new pod template waits for its rollout at member ${pendingTemplates.join(', ')}.`,
    };
  }
  if (members.stray.length > 0) {
    return {
      state: 'Reconciling',
      reason: 'StrayMembers',
      message: `Member ${members.stray.join(', ')} is kept: beyond spec.members but not listed in spec.retired.`,
    };
  }
  if (membership?.waitingFor !== undefined)
    return { state: 'Reconciling', reason: 'ReplicaSet', message: membership.waitingFor };
  return judgeReplicaSet(wanted, replica);
}

function judgeReplicaSet(wanted: readonly MemberPod[], replica: ReplicaFindings | undefined): Verdict {
  const running: Verdict = { state: 'Running', reason: 'Running', message: 'All members are as asked.' };
  if (wanted.length === 0 || replica === undefined) return running;
  const silent = [...replica.silent].map(([ordinal, why]) => `member ${ordinal} does not answer: ${why}`);
  if (replica.reports.size === 0 && silent.length > 0)
    return { state: 'Unknown', reason: 'MembersSilent', message: silent.join('; ') };
  const outside = [...replica.reports].flatMap(([ordinal, report]) => {
    const reason = reasonOutside(report);
    return reason === undefined ? [] : [`member ${ordinal} ${reason}`];
  });
  const reasons = [...silent, ...outside];
  return reasons.length === 0
    ? running
    : { state: 'Reconciling', reason: 'ReplicaSet', message: reasons.join('; ') };
}

function reasonOutside({ membership, stateName }: MemberReport): string | undefined {
  switch (membership) {
    case 'uninitialized':
      return 'is not part of a replica set yet';
    case 'removed':
      return 'is removed from the replica set';
    case 'member':
      return stateName === 'PRIMARY' || stateName === 'SECONDARY' || stateName === 'ARBITER'
        ? undefined
        : `is in state ${stateName}`;
  }
}

function conditionNews(instance: Instance, findings: Findings, verdict: Verdict): ConditionNews[] {
  const news: ConditionNews[] = [];
  const known = new Set((instance.status?.conditions ?? []).map(({ type }) => type));
  const initiated = isInitiated(findings.replica);
  if (initiated !== undefined && (initiated || known.has('rsInit')))
    news.push({ type: 'rsInit', status: initiated ? 'True' : 'False', message: REPLICA_SET_NAME });
  for (const user of SYSTEM_USERS) {
    const signedIn = findings.replica?.users[user];
    const type = USER_CONDITIONS[user];
    if (signedIn !== undefined && (signedIn || known.has(type)))
      news.push({ type, status: signedIn ? 'True' : 'False', message: REPLICA_SET_NAME });
  }
  news.push({
    type: 'Ready',
    status: verdict.state === 'Running' ? 'True' : 'False',
    reason: verdict.reason,
    message: verdict.message,
    observedGeneration: instance.metadata.generation,
  });
  // These exist only once there is something to say, and tell when it is over.
  const occasional: readonly (readonly [type: string, texts: readonly string[]])[] = [
    ['Conflict', findings.conflicts],
    ['ConfigIgnored', findings.ignoredConfig],
    ...[...new Set(findings.notes.map(({ type }) => type).concat(['ClaimResize', 'PasswordKept']))].map(
      (type) =>
        [type, findings.notes.filter((note) => note.type === type).map(({ message }) => message)] as const,
    ),
  ];
  for (const [type, texts] of occasional) {
    if (texts.length > 0) news.push({ type, status: 'True', reason: type, message: texts.join('; ') });
    else if (known.has(type) && findings.notReady === undefined)
      news.push({ type, status: 'False', reason: 'None', message: '' });
  }
  return news;
}

function isInitiated(replica: ReplicaFindings | undefined): boolean | undefined {
  if (replica === undefined || replica.reports.size === 0) return undefined;
  return [...replica.reports.values()].some(({ membership }) => membership === 'member');
}

/** The whole set as the best informed member sees it: the primary if it is here, else the first that answers. */
function replsetOf(replica: ReplicaFindings | undefined): ReplsetEntry[] | undefined {
  const reports = [...(replica?.reports.values() ?? [])].filter(({ views }) => views.length > 0);
  const best = reports.find(({ stateName }) => stateName === 'PRIMARY') ?? reports[0];
  return best?.views
    .map((view) => ({
      _id: view._id,
      name: view.host,
      health: view.health,
      state: view.state,
      stateStr: view.stateName,
      syncSourceHost: view.syncSourceHost,
    }))
    .sort((a, b) => a._id - b._id);
}
