import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import { dataOrdinals, type MemberPlace } from '../domain/placement';
import { reportsOf, readBinding } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import type { ActivityContext } from './context';

/** What the OverridePolicy tells one cluster to run. */
export interface DispatchedShare {
  readonly cluster: string;
  readonly vip: string | undefined;
  readonly members: number;
  readonly arbiter: boolean;
  readonly retired: readonly Ordinal[];
  readonly rollout: readonly Ordinal[];
  readonly revision: string | undefined;
}

const overriderSchema = z
  .array(z.looseObject({ value: z.record(z.string(), z.string()).default({}) }))
  .default([]);
const ordinals = z.array(z.union([z.number(), z.literal('arbiter')]));

const overridePolicySchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    overrideRules: z
      .array(
        z.looseObject({
          targetCluster: z.looseObject({ clusterNames: z.array(z.string()).default([]) }),
          overriders: z.looseObject({
            plaintext: z.array(z.looseObject({ path: z.string(), value: z.unknown() })).default([]),
            labelsOverrider: overriderSchema,
            annotationsOverrider: overriderSchema,
          }),
        }),
      )
      .default([]),
  }),
});

/** The shares that are dispatched, read back from Karmada: what members run does not follow from the spec alone. */
export async function readDispatched(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<DispatchedShare[]> {
  const ref = { kind: KINDS.overridePolicy, namespace: namespaceOf(cr), name: cr.metadata.name };
  const policy = await context.karmada.get(ref, overridePolicySchema);
  return (policy?.spec.overrideRules ?? []).flatMap(({ targetCluster, overriders }) => {
    const valueAt = (path: string): unknown =>
      overriders.plaintext.find((entry) => entry.path === path)?.value;
    const listAt = (path: string): Ordinal[] => {
      const read = ordinals.safeParse(valueAt(path));
      return read.success ? read.data : [];
    };
    const markAt = (entries: typeof overriders.labelsOverrider, key: string): string | undefined =>
      entries.map(({ value }) => value[key]).find((value) => value !== undefined);
    const members = z.number().safeParse(valueAt('/spec/members'));
    return targetCluster.clusterNames.map((cluster) => ({
      cluster,
      vip:
        markAt(overriders.annotationsOverrider, ANNOTATIONS.vip) ??
        markAt(overriders.labelsOverrider, LABELS.vip),
      members: members.success ? members.data : 0,
      arbiter: valueAt('/spec/arbiter') === true,
      retired: listAt('/spec/retired'),
      rollout: listAt('/spec/rollout'),
      revision: markAt(overriders.annotationsOverrider, ANNOTATIONS.overrideRevision),
    }));
  });
}

export interface DispatchedMember extends MemberPlace {
  /** Its cluster has been told to take it away. */
  readonly retired: boolean;
}

/** Members that are dispatched and of which something may still be there. */
export async function listDispatchedMembers(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  dispatched: readonly DispatchedShare[],
): Promise<DispatchedMember[]> {
  if (dispatched.every((share) => share.retired.length === 0)) return dispatched.flatMap(placesOf);
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const reports = reportsOf(binding);
  return dispatched.flatMap((share) => {
    const status = reports.get(share.cluster)?.status;
    // An older report tells of a member that was not retired yet.
    const heard = status !== undefined && status.overrideRevision === share.revision;
    const isThere = (ordinal: Ordinal): boolean =>
      !heard || (status.members ?? []).some((member) => member.ordinal === ordinal);
    return placesOf(share).filter((member) => !member.retired || isThere(member.ordinal));
  });
}

function placesOf({ cluster, members, arbiter, retired }: DispatchedShare): DispatchedMember[] {
  return [
    ...dataOrdinals(members, retired).map((ordinal) => ({ cluster, ordinal, retired: false })),
    ...(arbiter ? [{ cluster, ordinal: 'arbiter' as const, retired: false }] : []),
    ...retired.map((ordinal) => ({ cluster, ordinal, retired: true })),
  ];
}
