import { joinHostPort, readAddress } from '../domain/address';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { memberName, MONGO_PORT, type Ordinal } from '../domain/names';
import type { Snapshot } from './cluster-cache';
import type { MemberConfig } from './config';
import type { Instance } from './instance';

/** `host:port` of the wanted members: from outside the cluster, as far as known, and by Service name. */
export interface Addresses {
  readonly external: readonly string[];
  readonly internal: readonly string[];
}

/** Address of this cluster's NodePorts: the object's annotation or label, else the manager's own setting. */
export function vipOf(
  { metadata }: Pick<Instance, 'metadata'>,
  config: Pick<MemberConfig, 'vip'>,
): string | undefined {
  const asked = metadata.annotations[ANNOTATIONS.vip] ?? metadata.labels[LABELS.vip] ?? '';
  return readAddress(asked) ?? config.vip;
}

export function internalAddress(instance: Instance, ordinal: Ordinal, config: MemberConfig): string {
  const domain = config.clusterDomain ?? 'cluster.local';
  return `${memberName(instance.name, ordinal)}.${instance.namespace}.svc.${domain}:${MONGO_PORT}`;
}

/** `VIP:NodePort`; undefined without a VIP, or until the Service has its port. */
export function externalAddress(
  instance: Instance,
  snapshot: Snapshot,
  ordinal: Ordinal,
  config: MemberConfig,
): string | undefined {
  const vip = vipOf(instance, config);
  const port = snapshot.services
    .get(ordinal)
    ?.spec.ports.find((entry) => entry.port === MONGO_PORT)?.nodePort;
  if (vip === undefined || port === undefined) return undefined;
  return joinHostPort(vip, port);
}

export function addressesOf(
  instance: Instance,
  snapshot: Snapshot,
  wanted: readonly Ordinal[],
  config: MemberConfig,
): Addresses {
  return {
    external: wanted.flatMap((ordinal) => externalAddress(instance, snapshot, ordinal, config) ?? []),
    internal: wanted
      .filter((ordinal) => snapshot.services.has(ordinal))
      .map((ordinal) => internalAddress(instance, ordinal, config)),
  };
}
