import type { StatusFacts } from '../../src/activities/status-facts';
import { waitFor } from '../../src/domain/operation';
import { makeInstance } from './custom-resource';

/** Facts of an instance of which nothing is seen; annotations as the objects that they hold. */
export function factsOf(annotations: Record<string, object>, more: Partial<StatusFacts> = {}): StatusFacts {
  const texts = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  return {
    cr: makeInstance({}, { annotations: texts }),
    now: '2026-11-26T10:02:00Z',
    annotation: undefined,
    placement: waitFor({ code: 'SchedulerResultMissing', message: 'not written' }),
    reports: new Map(),
    health: undefined,
    progress: null,
    record: undefined,
    created: true,
    connectionString: undefined,
    warnings: [],
    image: undefined,
    strayed: [],
    deviations: [],
    ...more,
  };
}
