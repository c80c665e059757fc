import type { ConditionNews } from '../domain/condition';
import { CONDITIONS } from '../domain/instance';
import type { MultiCloudMongoDB, MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import { namespaceOf } from '../karmada/template';
import { readLossMarks, readSightings } from './loss-marks';
import { appliedGeneration, isPaused, isSettled } from './instance-marks';
import type { StatusFacts } from './status-facts';

const changeUnderWay = (cr: MultiCloudMongoDB): string =>
  `Generation ${cr.metadata.generation ?? 0} and the annotations ask for something that is not carried out yet: see status.operation`;

/** Whether a running instance is not yet what is asked for. */
export const isChanging = (facts: StatusFacts): boolean => facts.created && !isSettled(facts.cr);

/** All that is asked for runs; only the feature compatibility version is still to follow. */
export const isSoaking = (operation: MultiCloudMongoDBStatus['operation']): boolean =>
  operation?.waitReason === 'Soaking';

/** Every condition of a MultiCloudMongoDB, each with its present word. */
export function composeConditions(
  facts: StatusFacts,
  state: NonNullable<MultiCloudMongoDBStatus['state']>,
  operation: MultiCloudMongoDBStatus['operation'],
): ConditionNews[] {
  const observedGeneration = facts.cr.metadata.generation ?? 0;
  const news = (type: string, status: boolean, reason: string, message: string): ConditionNews => ({
    type,
    status: status ? 'True' : 'False',
    reason,
    message,
    observedGeneration,
  });
  const serves = state === 'Health' || state === 'SubHealth';
  const behind = isChanging(facts) && !isSoaking(operation) ? [changeUnderWay(facts.cr)] : [];
  const apart = [...facts.strayed, ...(facts.deviations ?? [])];
  const why = [...(facts.health?.reasons ?? []), ...behind, ...apart].join('; ');
  const wait = operation?.waitReason;
  return [
    serves
      ? news(
          CONDITIONS.ready,
          true,
          'ServerReady',
          'Service Dispatch Successful And Ready For External Service',
        )
      : news(
          CONDITIONS.ready,
          false,
          'ServerReady',
          `Service Dispatch Failed And NotReady For External Service${why === '' ? '' : `, Err: ${why}`}`,
        ),
    checkCondition(facts, news),
    scheduledCondition(facts, news),
    news(
      CONDITIONS.initialized,
      facts.created,
      facts.created ? 'Initiated' : 'NotInitiated',
      facts.created ? 'The replica set is initiated and its users exist' : 'The replica set is not built yet',
    ),
    news(
      CONDITIONS.subHealthy,
      state === 'SubHealth',
      state === 'SubHealth' ? 'Degraded' : 'AsDesired',
      state === 'SubHealth' ? why : 'Not degraded',
    ),
    news(
      CONDITIONS.unHealthy,
      state === 'UnHealth',
      state === 'UnHealth' ? 'NotServing' : 'Serving',
      state === 'UnHealth' ? why : 'Not unhealthy',
    ),
    news(
      CONDITIONS.progressing,
      operation !== undefined,
      operation?.waitReason ?? (operation === undefined ? 'Idle' : 'Working'),
      operation?.waitingFor ?? operation?.step ?? 'Nothing is in hand',
    ),
    news(
      CONDITIONS.paused,
      isPaused(facts.cr),
      isPaused(facts.cr) ? 'Paused' : 'NotPaused',
      isPaused(facts.cr)
        ? 'spec.operations.paused or the annotation middleware.fedstate.io/paused says so'
        : 'Not paused',
    ),
    appliedCondition(facts, operation, news),
    ...intactCondition(facts, news),
    lossCondition(facts, news),
    majorityCondition(facts, news),
    warningCondition(facts, news),
    news(
      CONDITIONS.conflict,
      wait === 'Conflict',
      wait === 'Conflict' ? 'ForeignObject' : 'NoConflict',
      wait === 'Conflict' ? (operation?.waitingFor ?? '') : 'No foreign object stands in the way',
    ),
  ];
}

type News = (type: string, status: boolean, reason: string, message: string) => ConditionNews;

function checkCondition(facts: StatusFacts, news: News): ConditionNews {
  const wanted = facts.cr.spec.replicaset;
  return news(
    CONDITIONS.check,
    facts.placement.done,
    facts.placement.done ? 'CheckSuccess' : 'CheckFailed',
    facts.placement.done
      ? `The number of member clusters is the same as the number of control plane copies, check, SpecReplicaset: ${wanted}`
      : `No placement for SpecReplicaset: ${wanted}`,
  );
}

/** A generation that nobody carries out must be seen: `observedGeneration` only says that it was read. */
function appliedCondition(
  facts: StatusFacts,
  operation: MultiCloudMongoDBStatus['operation'],
  news: News,
): ConditionNews {
  if (!facts.created) return news(CONDITIONS.specApplied, false, 'Creating', 'The members are not built yet');
  if (isChanging(facts)) {
    return isSoaking(operation)
      ? news(
          CONDITIONS.specApplied,
          false,
          'Soaking',
          'Every member runs the new release; its feature compatibility version is set after a soak: see status.operation',
        )
      : news(CONDITIONS.specApplied, false, 'Changing', changeUnderWay(facts.cr));
  }
  const built = `The members were built from generation ${appliedGeneration(facts.cr)}, which the spec asks for`;
  return news(CONDITIONS.specApplied, true, 'Applied', built);
}

/** Said only when it was looked at; else what was said last stands. */
function intactCondition({ deviations }: StatusFacts, news: News): ConditionNews[] {
  if (deviations === undefined) return [];
  return [
    deviations.length === 0
      ? news(
          CONDITIONS.intact,
          true,
          'AsMade',
          'Every object of the instance stands on Karmada as it was made',
        )
      : news(CONDITIONS.intact, false, 'NotPutBack', deviations.join('; ')),
  ];
}

/** Clusters that look dead, are taken to be lost, or are back and not yet given members. */
function lossCondition({ cr }: StatusFacts, news: News): ConditionNews {
  const marks = Object.entries(readLossMarks(cr));
  const sightings = readSightings(cr);
  const told = marks.map(([cluster, { since, returned, shut }]) => {
    if (shut !== undefined)
      return shut.forced === undefined
        ? `cluster ${cluster} is ordered to shut its members off, for a recovery of the majority that is not carried through: send the Update failback to give it back`
        : `cluster ${cluster} was cut off by a forced configuration at ${shut.forced}: its members are shut off as soon as it is reached, and only the Update failback gives it members again`;
    const isBack = returned !== undefined || sightings[cluster]?.looks === 'alive';
    return isBack
      ? `cluster ${cluster}, lost since ${since}, is back and holds no member until it is failed back`
      : `cluster ${cluster} is taken to be lost since ${since}: its members have their place elsewhere, and nothing is sent there`;
  });
  const suspects = Object.entries(sightings)
    .filter(([cluster, { looks }]) => looks === 'dead' && !marks.some(([name]) => name === cluster))
    .map(([cluster, { since, views, hold }]) => {
      const then = hold === undefined ? '' : `; nothing is done: ${hold}`;
      return `cluster ${cluster} looks dead since ${since} (${views})${then}`;
    });
  const message = [...told, ...suspects].join('; ');
  if (marks.length > 0) return news(CONDITIONS.clusterLost, true, 'Lost', message);
  if (suspects.length === 0)
    return news(CONDITIONS.clusterLost, false, 'AllThere', 'No cluster of the instance looks dead');
  return news(
    CONDITIONS.clusterLost,
    false,
    message.includes('nothing is done') ? 'Held' : 'Suspected',
    message,
  );
}

function majorityCondition({ health }: StatusFacts, news: News): ConditionNews {
  const lost = health?.majorityLost;
  return lost === undefined
    ? news(CONDITIONS.majorityLost, false, 'MajorityAnswers', 'No majority of the voters is missing')
    : news(CONDITIONS.majorityLost, true, 'MajorityLost', [lost, health?.choice ?? ''].join('. ').trim());
}

/** What was accepted but has no effect, is unwise, or could not be placed as promised. */
function warningCondition(facts: StatusFacts, news: News): ConditionNews {
  const placed = facts.placement.done ? facts.placement.value.warnings : [];
  const said = [...facts.warnings, ...placed];
  return said.length === 0
    ? news(CONDITIONS.warning, false, 'NoWarning', 'Every field of the spec has its effect')
    : news(CONDITIONS.warning, true, 'Warned', said.join('; '));
}

function scheduledCondition(facts: StatusFacts, news: News): ConditionNews {
  const who = `${namespaceOf(facts.cr)}/${facts.cr.metadata.name}`;
  if (facts.placement.done) {
    return news(
      CONDITIONS.scheduled,
      true,
      'GetSchedulerSuccess',
      `Get Scheduler Result From MultiCloudMongoDB Annotations Success (${who}): ${facts.annotation ?? ''}`,
    );
  }
  const wait = facts.progress?.wait ?? facts.placement.wait;
  const unschedulable = wait.code === 'Unschedulable';
  return news(
    CONDITIONS.scheduled,
    false,
    unschedulable ? 'Unschedulable' : 'GetSchedulerFailed',
    unschedulable
      ? wait.message
      : `Get Scheduler Result From MultiCloudMongoDB Annotations Failed (${who}): ${facts.placement.wait.message}`,
  );
}
