import { continueAsNew, setCurrentDetails } from '@temporalio/workflow';
import type { InstanceRef } from '../domain/instance';
import { quick, watch } from './activities';

export interface WatchHealthInput {
  readonly instance: InstanceRef;
  /** What was last seen, in the activity's own words. */
  readonly digest?: string | undefined;
  /** Current details of the run before. */
  readonly page?: string | undefined;
}

const CHANGES_PER_RUN = 50;

/**
 * Beside the entity, one per instance: a heartbeating activity that returns only when health changed, then a poke. An
 * instance at rest adds nothing to any history.
 */
export async function watchHealth(input: WatchHealthInput): Promise<void> {
  let { digest, page = '' } = input;
  setCurrentDetails(page);
  for (let changes = 0; changes < CHANGES_PER_RUN; changes += 1) {
    const seen = await watch.watchInstance({ instance: input.instance, digest });
    if (seen.gone) return;
    digest = seen.digest;
    page = `## Health of ${input.instance.namespace}/${input.instance.name}\n${seen.summary}`;
    setCurrentDetails(page);
    await quick.pokeInstance({ instance: input.instance });
  }
  await continueAsNew<typeof watchHealth>({ instance: input.instance, digest, page });
}
