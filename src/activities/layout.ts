import { z } from 'zod';
import type { MemberOverride, MultiCloudMongoDB } from '../api/multicloudmongodb';
import { joinHostPort, splitHostPort } from '../domain/address';
import type { Wait } from '../domain/instance';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { fnv1a32, memberName, type Ordinal } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { MemberPlace, Placement } from '../domain/placement';
import type { DesiredMember } from '../domain/replica-set';
import { describeMissingVip, listClusters, vipOf, type Cluster } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { desiredFault } from '../planner/config-rules';
import type { ActivityContext } from './context';
import { listDispatchedMembers, readDispatched, type DispatchedShare } from './dispatched';
import { isCreated } from './instance-marks';
import { knownPorts } from './known-ports';
import { fencedClusters, shutMembers } from './loss-marks';
import { readPlacement } from './placement';

/** Where each member goes and is reached, out of the placement, the clusters' VIPs and the Services' NodePorts. */
export interface Layout {
  readonly shares: readonly LayoutShare[];
  readonly members: readonly LayoutMember[];
  /** Dispatched, and not wanted any more: they run until they are out of the set. */
  readonly leaving: readonly LeavingMember[];
  readonly dispatched: readonly DispatchedShare[];
  /** The one member that may be initiated. */
  readonly seed: { readonly cluster: string; readonly ordinal: number };
  readonly survivesAnyCluster: boolean;
  /** Lost clusters that are not back: nothing is sent there, and nobody waits for them. */
  readonly fenced: readonly string[];
  /** Members that a recovery of the majority cuts off, by cluster: told to go, whatever the placement says. Absent: none. */
  readonly shut?: ReadonlyMap<string, readonly Ordinal[]> | undefined;
  /** Clusters of the shares that Karmada does not know, or not with an address. */
  readonly strayed: readonly Strayed[];
  /** Keys of labels that some Cluster object carries: what speaks of them is not for nodes. */
  readonly clusterLabels: ReadonlySet<string>;
}

export interface Strayed {
  readonly cluster: string;
  readonly message: string;
}

export interface LayoutShare {
  readonly cluster: string;
  readonly vip: string;
  readonly replicaset: number;
  readonly arbiter: boolean;
}

export interface LayoutMember {
  readonly cluster: string;
  readonly ordinal: Ordinal;
  readonly votes: 0 | 1;
  /** `VIP:NodePort`; absent until Karmada's API server has allocated the port. */
  readonly host?: string | undefined;
  readonly region?: string | undefined;
  readonly zone?: string | undefined;
}

export interface LeavingMember extends Omit<LayoutMember, 'votes'> {
  /** Undefined: its cluster is not registered any more, or has no VIP. */
  readonly vip?: string | undefined;
  readonly retired: boolean;
}

const serviceSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number().optional() })).default([]) }),
});

export async function readLayout(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<Layout>> {
  const read = await readPlacement(context, cr);
  return read.done ? layOut(context, cr, read.value) : read;
}

/** As {@link readLayout}, of a placement that need not be written yet. */
export async function layOut(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  placement: Placement,
): Promise<StageResult<Layout>> {
  const clusters = await readClusters(context);
  const active = listActive(placement);
  const vipIn = findVips(cr, clusters);
  const faults = active.flatMap(({ cluster: name }) => {
    if (vipIn(name) !== undefined) return [];
    const cluster = clusters.get(name);
    return cluster === undefined
      ? [`Cluster ${name} is not registered with Karmada any more.`]
      : [describeMissingVip(cluster)];
  });
  if (faults.length > 0) return waitFor({ code: 'VipMissing', message: faults.join(' ') });
  const ports = await readNodePorts(context, cr);
  const shares = active.map((share) => ({
    cluster: share.cluster,
    vip: vipIn(share.cluster) ?? '',
    replicaset: share.replicaset,
    arbiter: share.arbiter === true,
  }));
  const locate = ({ cluster: name, ordinal }: MemberPlace) => {
    const port = ports.get(memberName(cr.metadata.name, ordinal));
    const cluster = clusters.get(name);
    const vip = vipIn(name);
    return {
      cluster: name,
      ordinal,
      host: port === undefined || vip === undefined ? undefined : joinHostPort(vip, port),
      region: cluster?.spec.region,
      zone: cluster?.spec.zone ?? cluster?.spec.zones?.[0],
    };
  };
  const members = placement.members.map((member): LayoutMember => ({
    ...locate(member),
    votes: member.votes,
  }));
  const dispatched = await readDispatched(context, cr);
  const leaving = (await listDispatchedMembers(context, cr, dispatched))
    .filter((place) => !members.some((member) => isSamePlace(member, place)))
    .map((place): LeavingMember => ({
      ...locate(place),
      vip: vipIn(place.cluster),
      retired: place.retired,
    }));
  const seed = seedOf(cr, members);
  if (seed === undefined)
    return waitFor({ code: 'SchedulerResultInvalid', message: 'The placement has no data member.' });
  return done({
    shares,
    members,
    leaving,
    dispatched,
    seed,
    survivesAnyCluster: placement.quorum.survivesAnyCluster,
    fenced: fencedClusters(cr),
    shut: shutMembers(cr),
    strayed: shares.flatMap((share) => describeStrayed(clusters, share)),
    clusterLabels: new Set([...clusters.values()].flatMap((cluster) => Object.keys(cluster.metadata.labels))),
  });
}

/**
 * Changes when a cluster of the placement that stands is given another VIP; undefined: there is no placement that can be
 * read, or a cluster never had one.
 * @param placed that placement, where it was read already
 */
export async function digestAddresses(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  placed?: StageResult<Placement>,
): Promise<string | undefined> {
  const read = placed ?? (await readPlacement(context, cr));
  if (!read.done) return undefined;
  const vipIn = findVips(cr, await readClusters(context));
  const active = listActive(read.value);
  const known = active.flatMap(({ cluster }) => {
    const vip = vipIn(cluster);
    return vip === undefined ? [] : [{ cluster, vip }];
  });
  return known.length === active.length ? digestVips(known) : undefined;
}

/** As {@link digestAddresses}, of a layout's shares. */
export const digestVips = (shares: readonly Pick<LayoutShare, 'cluster' | 'vip'>[]): string =>
  fnv1a32(JSON.stringify(shares.map(({ cluster, vip }) => [cluster, vip]).sort()));

const readClusters = async (context: ActivityContext): Promise<ReadonlyMap<string, Cluster>> =>
  new Map((await listClusters(context.karmada)).map((cluster) => [cluster.metadata.name, cluster]));

const listActive = ({ shares }: Placement): Placement['shares'] =>
  shares.filter((share) => share.replicaset > 0 || share.arbiter === true);

/** Each cluster's VIP, or the last one that was known of it. */
function findVips(
  cr: MultiCloudMongoDB,
  clusters: ReadonlyMap<string, Cluster>,
): (name: string) => string | undefined {
  const lastKnown = isCreated(cr) ? readLastVips(cr) : new Map<string, string>();
  return (name) => vipOfName(clusters, name) ?? lastKnown.get(name);
}

export const isSamePlace = (a: MemberPlace, b: MemberPlace): boolean =>
  a.cluster === b.cluster && a.ordinal === b.ordinal;

/** The recorded seed; when none is, the first data member that may become primary, of the biggest share that has one. */
function seedOf(cr: MultiCloudMongoDB, members: readonly LayoutMember[]): Layout['seed'] | undefined {
  const recorded = /^(.+)\/(\d+)$/.exec(cr.metadata.annotations[ANNOTATIONS.seedMember] ?? '');
  if (recorded?.[1] !== undefined) return { cluster: recorded[1], ordinal: Number(recorded[2]) };
  const overrides = cr.spec.member.overrides ?? [];
  const data = members.flatMap((member) =>
    typeof member.ordinal === 'number' ? [{ ...member, ordinal: member.ordinal }] : [],
  );
  const first = data.find((member) => desiredMember(member, '', overrides).priority > 0) ?? data[0];
  return first === undefined ? undefined : { cluster: first.cluster, ordinal: first.ordinal };
}

/** The addresses that the members were given: a cluster that lost its label, or its registration, keeps them. */
function readLastVips(cr: MultiCloudMongoDB): Map<string, string> {
  const vips = new Map<string, string>();
  for (const { cluster, host } of cr.status?.members ?? []) {
    const vip = /^\[?([^\]]+)\]?:\d+$/.exec(host ?? '')?.[1];
    if (vip !== undefined) vips.set(cluster, vip);
  }
  return vips;
}

function describeStrayed(clusters: ReadonlyMap<string, Cluster>, { cluster, vip }: LayoutShare): Strayed[] {
  const there = clusters.get(cluster);
  if (there === undefined) {
    const message = `cluster ${cluster} is not registered with Karmada: its members run on with their data, and nothing is changed or removed there until it is registered again under this name with its label vip=${vip}`;
    return [{ cluster, message }];
  }
  if (vipOf(there) !== undefined) return [];
  const message = `cluster ${cluster} has lost its label vip: set it to ${vip}, the address that its members are known by`;
  return [{ cluster, message }];
}

/** What the placement and the spec together make impossible: nothing is to be made before it is cured. */
export function findLayoutFault(cr: MultiCloudMongoDB, layout: Layout): Wait | undefined {
  const seen = new Map<string, string>();
  for (const { cluster, vip } of layout.shares) {
    const other = seen.get(vip);
    if (other !== undefined) {
      return {
        code: 'VipMissing',
        message: `Clusters ${other} and ${cluster} have the same VIP ${vip}, so that their members would share addresses: give each its own.`,
      };
    }
    seen.set(vip, cluster);
  }
  const overrides = cr.spec.member.overrides ?? [];
  const fault = desiredFault(
    layout.members.map((member) => desiredMember(member, `${member.cluster}/${member.ordinal}`, overrides)),
  );
  return fault === undefined
    ? undefined
    : {
        code: 'SpecRefused',
        message: `spec.member.overrides: with this placement, ${fault.message} (${fault.rule}) Change or take out overrides.`,
      };
}

const vipOfName = (clusters: ReadonlyMap<string, Cluster>, name: string): string | undefined => {
  const cluster = clusters.get(name);
  return cluster === undefined ? undefined : vipOf(cluster);
};

async function readNodePorts(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Map<string, number>> {
  const page = await context.karmada.list(
    KINDS.service,
    { namespace: namespaceOf(cr), labelSelector: `${LABELS.instanceUid}=${cr.metadata.uid}` },
    serviceSchema,
  );
  const ports = new Map<string, number>();
  for (const service of page.items) {
    const port = service.spec.ports[0]?.nodePort;
    if (port !== undefined) ports.set(service.metadata.name, port);
  }
  for (const [ordinal, port] of knownPorts(cr)) ports.set(memberName(cr.metadata.name, ordinal), port);
  return ports;
}

/**
 * Every address at which a member of the instance may answer, also one that is to leave. Of a lost cluster none is asked:
 * a primary that was cut off there calls itself one for a while, and one of a majority that was cut off for good.
 */
export function knownHosts(cr: MultiCloudMongoDB, layout: Layout): string[] {
  return [
    ...askedHosts(cr, layout),
    ...layout.leaving.flatMap(({ host, cluster }) =>
      host === undefined || layout.fenced.includes(cluster) ? [] : [host],
    ),
  ];
}

export interface AddressedPlace extends MemberPlace {
  readonly host: string;
}

/** Members that are wanted or leaving, as far as their address is known; also those of lost clusters. */
export const addressedPlaces = ({ members, leaving }: Layout): AddressedPlace[] =>
  [...members, ...leaving].flatMap(({ cluster, ordinal, host }) =>
    host === undefined ? [] : [{ cluster, ordinal, host }],
  );

/** NodePort of each ordinal, as far as it is known. */
export const portsOf = ({ members, leaving }: Layout): ReadonlyMap<Ordinal, number> =>
  new Map(
    [...members, ...leaving].flatMap(({ ordinal, host }): [Ordinal, number][] => {
      const port = host === undefined ? undefined : splitHostPort(host)?.port;
      return port === undefined ? [] : [[ordinal, port]];
    }),
  );

/** Of the desired members those that may be asked. */
export const askedHosts = (cr: MultiCloudMongoDB, layout: Layout): string[] =>
  desiredMembers(cr, layout)
    .filter(({ cluster }) => layout.shut?.has(cluster) !== true)
    .map(({ host }) => host);

/** Lost clusters to which nothing is sent; what was cut off is sent its order to go. */
export const suspendedClusters = ({ fenced, shut }: Pick<Layout, 'fenced' | 'shut'>): string[] =>
  fenced.filter((cluster) => shut?.has(cluster) !== true);

/** The members as the replica set should have them; only those whose address is known. */
export function desiredMembers(cr: MultiCloudMongoDB, layout: Layout): DesiredMember[] {
  const overrides = cr.spec.member.overrides ?? [];
  return layout.members.flatMap((member) =>
    member.host === undefined ? [] : [desiredMember(member, member.host, overrides)],
  );
}

export function desiredMember(
  member: LayoutMember,
  host: string,
  overrides: readonly MemberOverride[],
): DesiredMember {
  const own = overrides.filter(
    (override) =>
      override.cluster === member.cluster &&
      (override.ordinal === undefined || override.ordinal === member.ordinal),
  );
  // The more exact override is applied later and wins.
  const merged = own
    .sort((a, b) => Number(a.ordinal !== undefined) - Number(b.ordinal !== undefined))
    .reduce<Partial<MemberOverride>>((all, one) => ({ ...all, ...one }), {});
  const arbiter = member.ordinal === 'arbiter';
  const votes: 0 | 1 = merged.votes === 0 || member.votes === 0 ? 0 : 1;
  const hidden = !arbiter && merged.hidden === true;
  const delay = arbiter ? 0 : (merged.secondaryDelaySecs ?? 0);
  // S5, S6: no vote, hidden or delayed means priority 0; an arbiter never leads.
  const priority = arbiter || votes === 0 || hidden || delay > 0 ? 0 : (merged.priority ?? 1);
  return {
    cluster: member.cluster,
    ordinal: member.ordinal,
    host,
    votes,
    priority,
    hidden,
    secondaryDelaySecs: delay,
    tags: arbiter
      ? {}
      : {
          cluster: member.cluster,
          ...(member.region === undefined || member.region === '' ? {} : { region: member.region }),
          ...(member.zone === undefined || member.zone === '' ? {} : { zone: member.zone }),
          ...merged.tags,
        },
  };
}
