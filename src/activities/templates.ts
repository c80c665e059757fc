import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isIPv6 } from '../domain/address';
import { isFedStateError } from '../domain/errors';
import type { Wait } from '../domain/instance';
import { FIELD_MANAGER } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import {
  buildConfigCopy,
  buildMongoDBTemplate,
  buildPullSecret,
  buildServiceTemplate,
} from '../karmada/template';
import { KINDS, type Kind, type Manifest } from '../kube/object';
import { affinityOfPods } from '../scheduler/pod-affinity';
import type { ActivityContext } from './context';
import type { Layout } from './layout';
import type { References } from './references';

export interface Template {
  readonly kind: Kind;
  readonly manifest: Manifest;
}

/** Every object that Karmada carries into members, but the record of addresses, which is made of them. Pure. */
export function buildTemplates(
  cr: MultiCloudMongoDB,
  layout: Layout,
  references: Pick<References, 'image' | 'mongodYaml' | 'dockerConfigJson'>,
): Template[] {
  const { image, mongodYaml, dockerConfigJson } = references;
  const ipv6 = layout.shares.some((share) => isIPv6(share.vip));
  return [
    ...ordinalsOf(layout).map((ordinal) => ({
      kind: KINDS.service,
      manifest: buildServiceTemplate(cr, ordinal, ipv6),
    })),
    ...(mongodYaml === undefined
      ? []
      : [{ kind: KINDS.configMap, manifest: buildConfigCopy(cr, mongodYaml) }]),
    ...(dockerConfigJson === undefined
      ? []
      : [{ kind: KINDS.secret, manifest: buildPullSecret(cr, dockerConfigJson) }]),
    {
      kind: KINDS.mongoDB,
      manifest: buildMongoDBTemplate(cr, {
        image,
        hasConfig: mongodYaml !== undefined,
        hasPullSecret: dockerConfigJson !== undefined,
        affinity: affinityOfPods(cr.spec.scheduler.affinity, layout.clusterLabels),
      }),
    },
  ];
}

export const ordinalsOf = (layout: Layout): Ordinal[] => [
  ...new Set([...layout.members, ...layout.leaving].map((member) => member.ordinal)),
];

/** The first template that the API server would not take, asked before anything is made: nothing may stay half made. */
export async function findRefusedTemplate(
  context: ActivityContext,
  templates: readonly Template[],
): Promise<Wait | undefined> {
  for (const { kind, manifest } of templates) {
    try {
      await context.karmada.apply(kind, manifest, {
        fieldManager: FIELD_MANAGER,
        force: true,
        dryRun: true,
      });
    } catch (error) {
      if (!isFedStateError(error, 'InvalidSpec')) throw error;
      return {
        code: 'SpecRefused',
        message: `${kind.kind} ${manifest.metadata.name}, made of the spec, would be refused: ${error.message}. Correct the field that this came from.`,
      };
    }
  }
  return undefined;
}
