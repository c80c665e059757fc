import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import { fnv1a32 } from '../domain/names';
import type { References } from './references';

type PodReferences = Pick<References, 'image' | 'mongodYaml' | 'dockerConfigJson'>;

/** `<image>/<configuration>/<rest>`: digests of what a member's pod is made of; a new one replaces pods. */
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
  return [references.image, configuration, rest].map((part) => fnv1a32(JSON.stringify(part))).join('/');
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
