import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import type { Wait } from '../domain/instance';
import { LABELS } from '../domain/marks';
import { configMapName, hostConfName, memberName, pullSecretName } from '../domain/names';
import { namespaceOf } from '../karmada/template';
import type { Kube } from '../kube/client';
import { KINDS, objectSchema, type Kind } from '../kube/object';
import type { ActivityContext } from './context';
import type { Layout } from './layout';

/**
 * The first object that stands where ours should and is not ours, on Karmada or in a member. Nothing is touched then:
 * `conflictResolution: Overwrite` would replace a foreign object whole. Members that do not answer are passed over,
 * as nothing can be written there either.
 */
export async function findForeignObject(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<Wait | undefined> {
  const { name } = cr.metadata;
  const shared: { kind: Kind; name: string }[] = [
    { kind: KINDS.mongoDB, name },
    { kind: KINDS.configMap, name: hostConfName(name) },
    { kind: KINDS.configMap, name: configMapName(name) },
    { kind: KINDS.secret, name: pullSecretName(name) },
  ];
  const policies = [KINDS.propagationPolicy, KINDS.overridePolicy].map((kind) => ({ kind, name }));
  const services = [...new Set(layout.members.map((member) => member.ordinal))].map((ordinal) => ({
    kind: KINDS.service,
    name: memberName(name, ordinal),
  }));
  const onKarmada = await firstForeign(context.karmada, cr, 'Karmada', [...shared, ...policies, ...services]);
  if (onKarmada !== undefined) return onKarmada;

  for (const { cluster } of layout.shares) {
    const here = layout.members
      .filter((member) => member.cluster === cluster)
      .map((member) => ({ kind: KINDS.service, name: memberName(name, member.ordinal) }));
    try {
      const kube = await context.members.kubeOf(cluster);
      const wait = await firstForeign(kube, cr, `cluster ${cluster}`, [...shared, ...here]);
      if (wait !== undefined) return wait;
    } catch (error) {
      if (!isFedStateError(error, 'Unreachable')) throw error;
    }
  }
  return undefined;
}

async function firstForeign(
  kube: Kube,
  cr: MultiCloudMongoDB,
  where: string,
  objects: readonly { kind: Kind; name: string }[],
): Promise<Wait | undefined> {
  const namespace = namespaceOf(cr);
  const found = await Promise.all(
    objects.map(({ kind, name }) => kube.get({ kind, namespace, name }, objectSchema)),
  );
  for (const [index, object] of found.entries()) {
    const wanted = objects[index];
    if (object === undefined || wanted === undefined) continue;
    if (object.metadata.labels[LABELS.instanceUid] === cr.metadata.uid) continue;
    return {
      code: 'Conflict',
      message: `${wanted.kind.kind} ${namespace}/${wanted.name} in ${where} exists and is not this instance's. Delete or rename it, or give the instance another name.`,
    };
  }
  return undefined;
}
