import type { MemberPod } from '../api/mongodb';
import { ANNOTATIONS } from '../domain/marks';
import { claimName, podName, type Ordinal } from '../domain/names';
import type { Snapshot } from './cluster-cache';
import type { Instance } from './instance';
import { isPodReady, type ContainerStatus, type Pod } from './objects';

/** Words while a container comes up that are no reason to look closer. */
const COMING_UP = new Set(['ContainerCreating', 'PodInitializing']);

/** One line for each member that is there or should be, in the order of ordinals, the arbiter last. */
export function describeMembers(
  instance: Instance,
  snapshot: Snapshot,
  ordinals: readonly Ordinal[],
  pendingTemplates: readonly Ordinal[],
): MemberPod[] {
  return [...ordinals].sort(compareOrdinals).map((ordinal) => {
    const pod = snapshot.pods.get(ordinal);
    const claim = claimName(instance.name, instance.instanceUid, ordinal);
    const hasClaim = snapshot.claims.get(ordinal)?.some(({ metadata }) => metadata.name === claim) === true;
    const nodePort = snapshot.services.get(ordinal)?.spec.ports.find(({ port }) => port === 27017)?.nodePort;
    return {
      ordinal,
      pod: podName(instance.name, ordinal),
      podUid: pod?.metadata.uid,
      node: pod?.spec.nodeName,
      image: pod?.spec.containers.find(({ name }) => name === 'mongo')?.image,
      phase: phaseOf(pod),
      ready: pod !== undefined && isPodReady(pod),
      restarts: restartsOf(pod),
      reason: snapshot.statefulSets.has(ordinal) || pod !== undefined ? reasonOf(pod) : 'not built',
      nodePort,
      claim: hasClaim ? claim : undefined,
      templateHash: pod?.metadata.annotations[ANNOTATIONS.templateHash],
      pendingTemplate: pendingTemplates.includes(ordinal) ? true : undefined,
    };
  });
}

export function compareOrdinals(a: Ordinal, b: Ordinal): number {
  return Number(a === 'arbiter') - Number(b === 'arbiter') || Number(a) - Number(b) || 0;
}

/** Whether mongod ever ran in this pod. */
export function hasStarted(pod: Pod | undefined): boolean {
  const mongo = pod?.status.containerStatuses.find(({ name }) => name === 'mongo');
  return mongo !== undefined && (mongo.state.running !== undefined || mongo.restartCount > 0);
}

function phaseOf(pod: Pod | undefined): string {
  if (pod === undefined) return 'Missing';
  return pod.metadata.deletionTimestamp === undefined ? (pod.status.phase ?? 'Unknown') : 'Terminating';
}

function restartsOf(pod: Pod | undefined): number {
  return Math.max(0, ...(pod?.status.containerStatuses.map(({ restartCount }) => restartCount) ?? []));
}

/** Why a pod does not run, in the words of the cluster; undefined when it does or is just coming up. */
export function reasonOf(pod: Pod | undefined): string | undefined {
  if (pod === undefined) return 'no pod yet';
  if (pod.status.reason !== undefined) return join(pod.status.reason, pod.status.message);
  const unscheduled = pod.status.conditions.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unscheduled !== undefined) return join(unscheduled.reason ?? 'Unschedulable', unscheduled.message);
  for (const container of [...pod.status.initContainerStatuses, ...pod.status.containerStatuses]) {
    const reason = containerReason(container);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function containerReason({ name, state, lastState }: ContainerStatus): string | undefined {
  const died = state.terminated ?? lastState.terminated;
  const lastWords = died === undefined || died.exitCode === 0 ? undefined : lastLine(died.message);
  const exit = died === undefined ? '' : `${name} ended with exit code ${died.exitCode}`;
  if (state.waiting !== undefined) {
    const { reason = 'Waiting', message } = state.waiting;
    if (COMING_UP.has(reason)) return undefined;
    return died === undefined
      ? join(reason, message)
      : join(reason, [exit, lastWords].filter(Boolean).join(': '));
  }
  if (state.terminated !== undefined && state.terminated.exitCode !== 0) {
    return join(state.terminated.reason ?? 'Error', [exit, lastWords].filter(Boolean).join(': '));
  }
  return undefined;
}

const join = (reason: string, message: string | undefined): string =>
  message === undefined || message === '' ? reason : `${reason}: ${message.slice(0, 400)}`;

const lastLine = (text: string | undefined): string | undefined =>
  text
    ?.trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .at(-1)
    ?.slice(0, 300);
