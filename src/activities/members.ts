import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { MemberPod } from '../api/mongodb';
import type { InstanceRef } from '../domain/instance';
import { done, waitFor, type StageResult } from '../domain/operation';
import { readBinding, reportsOf, type ClusterReport } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { readLayout, type Layout } from './layout';
import { hasTakenUp, overrideRules, revisionOf } from './override-rules';
import { dropPromises } from './room-ledger';

const POLL_MS = 500;
// Past this the reason goes into status and the stages start over: members may need another placement by then.
const PATIENCE_MS = 45_000;

export function createMemberActivities(context: ActivityContext) {
  return {
    /** Done once every member's pod runs and reports the present override. */
    awaitMembers: ({ instance }: InstanceInput): Promise<StageResult<string>> =>
      awaitMembers(context, instance),
  };
}

export async function awaitMembers(
  context: ActivityContext,
  instance: InstanceRef,
): Promise<StageResult<string>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const cr = await loadInstance(context, instance);
    const layout = await readLayout(context, cr);
    if (!layout.done) return layout;
    const lacking = await lackingMembers(context, cr, layout.value);
    if (lacking.length === 0) {
      await dropPromises(context, [cr.metadata.uid]);
      return done(`${layout.value.members.length} members run`);
    }
    heartbeat(lacking);
    if (Date.now() > deadline) return waitFor({ code: 'MembersNotReady', message: lacking.join('; ') });
    await sleep(POLL_MS);
  }
}

/** One sentence per member that does not run yet. */
async function lackingMembers(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<string[]> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const reports = reportsOf(binding);
  const revisions = new Map(overrideRules(layout).map((rule) => [rule.cluster, revisionOf(rule)]));
  return layout.members.flatMap((member) => {
    const report = reports.get(member.cluster);
    const who = `${member.cluster}/${member.ordinal}`;
    if (member.host === undefined) return [`${who}: its Service has no NodePort yet`];
    if (report?.status === undefined) return [`${who}: ${describeSilence(report)}`];
    if (!hasTakenUp(report.status, cr.metadata.annotations, revisions.get(member.cluster)))
      return [`${who}: the member manager has not taken up the present spec`];
    const pod = report.status.members?.find((entry) => entry.ordinal === member.ordinal);
    return pod?.ready === true ? [] : [`${who}: ${describePod(pod, report)}`];
  });
}

function describeSilence(report: ClusterReport | undefined): string {
  if (report === undefined) return 'Karmada has not dispatched to this cluster yet';
  if (!report.applied) return report.appliedMessage ?? 'Karmada could not apply the MongoDB there';
  return 'no report yet: is the member manager running in this cluster?';
}

function describePod(pod: MemberPod | undefined, report: ClusterReport): string {
  if (pod === undefined) return report.status?.waitingFor ?? 'no pod yet';
  return pod.reason ?? report.status?.waitingFor ?? `pod is ${pod.phase ?? 'being made'}`;
}
