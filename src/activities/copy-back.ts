import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { LABELS } from '../domain/marks';
import { configMapName, ordinalOfMember, pullSecretName } from '../domain/names';
import { isReady, listClusters } from '../karmada/cluster';
import { buildAuthSecret, buildConfigCopy, buildPullSecret } from '../karmada/template';
import { KINDS, metadataSchema, type Manifest, type ObjectRef } from '../kube/object';
import type { ActivityContext } from './context';
import { knownPorts } from './known-ports';

const copySchema = z.looseObject({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
  spec: z
    .looseObject({ ports: z.array(z.looseObject({ nodePort: z.number().optional() })).default([]) })
    .optional(),
});
type Copy = z.infer<typeof copySchema>;

/**
 * What Karmada has lost and members still hold: passwords, keyfile and configuration are made once, and only the members
 * know them then. Undefined when no cluster that answers has it.
 */
export async function copyFromMember(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  ref: ObjectRef,
): Promise<Manifest | undefined> {
  const copy = await readCopy(context, cr, ref);
  if (copy === undefined) return undefined;
  const { name } = cr.metadata;
  switch (ref.name) {
    case configMapName(name): {
      const text = copy.data['mongod.yaml'];
      return text === undefined ? undefined : buildConfigCopy(cr, text);
    }
    case pullSecretName(name): {
      const login = copy.data['.dockerconfigjson'];
      return login === undefined ? undefined : buildPullSecret(cr, login);
    }
    default:
      return buildAuthSecret(cr, copy.data);
  }
}

/** The port by which the replica set knows the members of this Service: a new one would part them from it. */
export async function portOfService(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  ref: ObjectRef,
): Promise<number | undefined> {
  const of = ordinalOfMember(cr.metadata.name, ref.name);
  const known = of === undefined ? undefined : knownPorts(cr).get(of);
  if (known !== undefined) return known;
  const copy = await readCopy(context, cr, { ...ref, kind: KINDS.service });
  const port = copy?.spec?.ports[0]?.nodePort;
  if (port !== undefined) return port;
  const host = cr.status?.members?.find((member) => member.ordinal === String(of))?.host;
  const told = /:(\d+)$/.exec(host ?? '')?.[1];
  return told === undefined ? undefined : Number(told);
}

export function withPort(manifest: Manifest, nodePort: number): Manifest {
  const spec = serviceSpecSchema.parse(manifest['spec']);
  return { ...manifest, spec: { ...spec, ports: spec.ports.map((port) => ({ ...port, nodePort })) } };
}

const serviceSpecSchema = z.looseObject({ ports: z.array(z.looseObject({})) });

async function readCopy(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  ref: ObjectRef,
): Promise<Copy | undefined> {
  for (const cluster of (await listClusters(context.karmada)).filter(isReady)) {
    try {
      const kube = await context.members.kubeOf(cluster.metadata.name);
      const copy = await kube.get(ref, copySchema);
      if (copy?.metadata.labels[LABELS.instanceUid] === cr.metadata.uid) return copy;
    } catch (error) {
      if (!isFedStateError(error, 'Unreachable')) throw error;
    }
  }
  return undefined;
}
