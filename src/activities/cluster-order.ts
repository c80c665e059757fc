import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { done, waitFor, type StageResult } from '../domain/operation';
import { readBinding, reportsOf, type ClusterReport } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import type { ActivityContext } from './context';
import { applyOverride } from './dispatch';
import { readLayout } from './layout';
import { hasTakenUp, keepRetired, overrideRules, revisionOf, type RuleChanges } from './override-rules';

const POLL_MS = 500;
const PATIENCE_MS = 120_000;

/**
 * Writes the override with one change.
 * @returns the revision of the cluster's rule; undefined: it has none any more
 */
export async function tellCluster(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
  changes: RuleChanges,
): Promise<string | undefined> {
  const layout = await readLayout(context, cr);
  if (!layout.done) throw new FedStateError('NotReady', layout.wait.message);
  const rules = keepRetired(overrideRules(layout.value, changes), layout.value);
  await applyOverride(context, cr, rules);
  const rule = rules.find((one) => one.cluster === cluster);
  return rule === undefined ? undefined : revisionOf(rule);
}

/** Waits until a cluster reports this revision and `lacks` has nothing to say of its report. */
export async function awaitReport(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
  revision: string,
  lacks: (report: ClusterReport) => string | undefined,
): Promise<StageResult<string>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
    const report = reportsOf(binding).get(cluster);
    const lacking =
      report !== undefined && hasTakenUp(report.status, cr.metadata.annotations, revision)
        ? lacks(report)
        : `${cluster}: the member manager has not taken up the present spec`;
    if (lacking === undefined) return done(`${cluster} reports it`);
    heartbeat(lacking);
    if (Date.now() > deadline) return waitFor({ code: 'MembersNotReady', message: lacking });
    await sleep(POLL_MS);
  }
}
