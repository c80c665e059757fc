import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { ActivityContext } from './context';
import { contentOf, holds, keyOf, readLive } from './drift';
import type { Layout } from './layout';
import {
  buildCompanyPolicies,
  buildCopies,
  buildMongoDB,
  buildMongoDBPolicy,
  buildOverride,
  buildRecord,
  buildServices,
} from './manifests';
import { overrideRules } from './override-rules';
import type { References } from './references';

export interface ObjectChange {
  readonly what: 'made' | 'changed' | 'removed';
  /** `Kind name`. */
  readonly object: string;
}

/** What of the instance's objects on Karmada a dispatch would make, change, and remove in the end. */
export async function listObjectChanges(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  references: References,
): Promise<ObjectChange[]> {
  const has = {
    config: references.mongodYaml !== undefined,
    pull: references.dockerConfigJson !== undefined,
  };
  const staying: Layout = { ...layout, leaving: [] };
  const wanted = [
    buildOverride(cr, overrideRules(layout)),
    buildMongoDBPolicy(cr, layout, false),
    ...buildCompanyPolicies(cr, layout, has),
    ...buildServices(cr, layout),
    ...buildCopies(cr, references),
    buildRecord(cr, layout),
    buildMongoDB(cr, layout, {
      image: references.image,
      hasConfig: has.config,
      hasPullSecret: has.pull,
    }),
  ];
  const inTheEnd = new Set(
    [...buildServices(cr, staying), ...buildCompanyPolicies(cr, staying, has)].map(({ kind, manifest }) =>
      keyOf(kind, manifest.metadata.name),
    ),
  );
  const live = await readLive(context, cr);
  const changes = wanted.flatMap(({ kind, manifest }): ObjectChange[] => {
    const object = keyOf(kind, manifest.metadata.name);
    const found = live.get(object);
    if (found === undefined) return [{ what: 'made', object }];
    return holds(contentOf(manifest), found) ? [] : [{ what: 'changed', object }];
  });
  const passing = [...buildServices(cr, layout), ...buildCompanyPolicies(cr, layout, has)].map(
    ({ kind, manifest }) => keyOf(kind, manifest.metadata.name),
  );
  const removed = passing
    .filter((object) => live.has(object) && !inTheEnd.has(object))
    .map((object): ObjectChange => ({ what: 'removed', object }));
  return [...changes, ...removed];
}
