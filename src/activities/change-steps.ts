import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError, isFedStateError } from '../domain/errors';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { SurroundingStep } from '../domain/plan';
import type { MemberPlace } from '../domain/placement';
import { dialMember } from '../mongodb/dial';
import { isPlaceholder } from '../planner/plan-instance';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { awaitReport, tellCluster } from './cluster-order';
import { dispatch } from './dispatch';
import { withHeartbeat } from './heartbeat';
import { isPaused } from './instance-marks';
import { readLayout } from './layout';
import { awaitMembers } from './members';
import { overrideRules, revisionOf } from './override-rules';
import { writePlacement } from './placement';
import { observeSet } from './observed-set';
import { wipeMember } from './rebuild';
import { restartMember } from './restart';
import { beginSoak } from './soak';
import { raiseFeatureVersion } from './feature-version';
import { carryOutRotation } from './rotate';
import { setParameters } from './settings';

export interface SurroundingStepInput extends InstanceInput {
  readonly step: SurroundingStep;
}

const POLL_MS = 500;
const PATIENCE_MS = 120_000;

export function createChangeStepActivities(context: ActivityContext) {
  return {
    /**
     * Carries out one step around the replica set and proves it; repeating it is harmless.
     * @throws Superseded when the plan no longer fits: plan again
     */
    async carryOutStep({ instance, step }: SurroundingStepInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      if (isPaused(cr)) {
        return waitFor({
          code: 'Paused',
          message: `Paused before ${step.kind}: resume with spec.operations.paused: false, and without the annotation middleware.fedstate.io/paused.`,
        });
      }
      switch (step.kind) {
        case 'place':
          return writePlacement(context, cr, step.shares);
        case 'dispatch': {
          const sent = await dispatch(context, cr);
          // What was sent stands in its annotations by now.
          return sent.done ? awaitTaken(context, await loadInstance(context, instance), sent.value) : sent;
        }
        case 'waitPods': {
          const running = await awaitMembers(context, instance);
          return running.done ? awaitAnswers(step.hosts, running.value) : running;
        }
        case 'restartMember':
          return restartMember(context, cr, step);
        case 'retireMember':
          return retireMember(context, cr, step);
        case 'soak':
          return beginSoak(context, cr, step.version);
        case 'rotatePasswords':
        case 'shareCredentials':
        case 'writeKeyfile':
        case 'retireKey':
          return withHeartbeat(step.kind, () => carryOutRotation(context, cr, step));
        case 'setParameter':
          return setParameters(context, cr, step);
        case 'wipeMember':
          return wipeMember(context, cr, step);
        case 'setFCV':
          return raiseFeatureVersion(context, cr, step.version);
      }
    },
  };
}

/** S11: only what the committed configuration no longer has; then its cluster is told, and seen to have done it. */
async function retireMember(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  place: MemberPlace & { readonly host: string },
): Promise<StageResult<string>> {
  const set = await observeSet(context, cr);
  if (set === undefined)
    return waitFor({
      code: 'ReplicaSet',
      message: 'No primary that a majority follows tells its configuration.',
    });
  if (set.config.members.some((member) => member.host === place.host))
    throw new FedStateError('Superseded', `${place.host} is in the configuration: it is not taken away.`);
  const revision = await tellCluster(context, cr, place.cluster, { retire: [place] });
  if (revision === undefined) return done(`${place.cluster}/${place.ordinal} is gone`);
  return awaitReport(context, cr, place.cluster, revision, (report) =>
    (report.status?.members ?? []).some((member) => member.ordinal === place.ordinal)
      ? `${place.cluster}/${place.ordinal} is still being taken away`
      : undefined,
  );
}

/** Done once every cluster's manager has taken up what was dispatched: only then its reports tell of it. */
async function awaitTaken(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  sent: string,
): Promise<StageResult<string>> {
  const layout = await readLayout(context, cr);
  if (!layout.done) return layout;
  for (const rule of overrideRules(layout.value)) {
    if (layout.value.fenced.includes(rule.cluster)) continue;
    const taken = await awaitReport(context, cr, rule.cluster, revisionOf(rule), () => undefined);
    if (!taken.done) return taken;
  }
  return done(sent);
}

/** A pod that is ready may still be out of reach from here: a NodePort that is not open yet, a wrong VIP. */
async function awaitAnswers(hosts: readonly string[], running: string): Promise<StageResult<string>> {
  const deadline = Date.now() + PATIENCE_MS / 4;
  for (;;) {
    const answers = await Promise.all(hosts.filter((host) => !isPlaceholder(host)).map(tryDial));
    const silent = answers.filter((reason) => reason !== undefined);
    if (silent.length === 0) return done(running);
    heartbeat(silent);
    if (Date.now() > deadline) return waitFor({ code: 'MembersUnreachable', message: silent.join('; ') });
    await sleep(POLL_MS);
  }
}

/** Why it cannot be reached; undefined: it can. */
async function tryDial(host: string): Promise<string | undefined> {
  try {
    await dialMember(host, 2_000);
    return undefined;
  } catch (error) {
    if (!isFedStateError(error, 'Unreachable')) throw error;
    return error.message;
  }
}
