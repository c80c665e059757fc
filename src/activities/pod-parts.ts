import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import { fnv1a32 } from '../domain/names';
import { isToldAtRunTime, partConfig, recordConfig } from '../mongodb/runtime-options';
import type { References } from './references';

type PodReferences = Pick<References, 'image' | 'mongodYaml' | 'mergedYaml' | 'dockerConfigJson'>;

/**
 * `<image>/<configuration>/<rest>/<parted configuration>`: digests of what a member's pod is made of. The last one tells
 * which changes of the second mongod takes while it runs; records that were made before it was known have none.
 */
export function digestPodParts(cr: MultiCloudMongoDB, references: PodReferences): string {
  const { spec } = cr;
  const configuration = [references.mongodYaml ?? '', spec.config.configSet ?? {}];
  const rest = [
    spec.imageSetting.imagePullPolicy,
    references.dockerConfigJson === undefined,
    spec.resource,
    spec.export,
    spec.spreadConstraints.nodeSelect ?? {},
    spec.spreadConstraints.topologySpreadConstraints ?? {},
    spec.scheduler.tolerations ?? [],
    spec.scheduler.affinity ?? {},
    cr.metadata.annotations[ANNOTATIONS.restart] ?? '',
  ];
  return [
    ...[references.image, configuration, rest].map((part) => fnv1a32(JSON.stringify(part))),
    recordConfig(partConfig(references.mergedYaml)),
  ].join('/');
}

/** Whether what is to be sent replaces pods that are made by this record. */
export function replacesPods(applied: string, present: string): boolean {
  const [image, configuration, rest, parted] = applied.split('/');
  const [newImage, newConfiguration, newRest, newParted = ''] = present.split('/');
  return (
    image !== newImage ||
    rest !== newRest ||
    (configuration !== newConfiguration && !isToldAtRunTime(parted, newParted))
  );
}

/** Whether members were sent another image last. */
export function isNewImage(cr: MultiCloudMongoDB, references: PodReferences): boolean {
  const applied = cr.metadata.annotations[ANNOTATIONS.appliedPods]?.split('/')[0];
  return applied !== undefined && applied !== digestPodParts(cr, references).split('/')[0];
}

/** S12: when a member then fails, nobody could tell which of the two did it. */
export function findMixedChange(cr: MultiCloudMongoDB, references: PodReferences): string | undefined {
  const applied = cr.metadata.annotations[ANNOTATIONS.appliedPods];
  if (applied === undefined) return undefined;
  const [image, configuration] = applied.split('/');
  const [newImage, newConfiguration] = digestPodParts(cr, references).split('/');
  return image === newImage || configuration === newConfiguration
    ? undefined
    : 'spec.imageSetting.image and spec.config were changed together (S12): take one back, change it again when the other runs everywhere.';
}
