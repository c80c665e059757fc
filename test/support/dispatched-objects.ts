import { KINDS, type Kind } from '../../src/kube/object';

/** One object of the wire contract (objects of the control plane), and where it must stand. */
export interface Dispatched {
  readonly kind: Kind;
  readonly name: string;
  /** Clusters that hold it; empty for objects that stay on Karmada. */
  readonly clusters: readonly string[];
}

/** Every object that an instance of these shares has on Karmada, and the members that get it. */
export function listDispatched(
  name: string,
  shares: readonly { readonly cluster: string; readonly replicaset: number }[],
  options: { readonly config: boolean; readonly pull: boolean },
): Dispatched[] {
  const clusters = shares.map((share) => share.cluster);
  const ordinals = Array.from(
    { length: Math.max(...shares.map((share) => share.replicaset)) },
    (_, index) => index,
  );
  const holders = (ordinal: number): string[] =>
    shares.filter((share) => share.replicaset > ordinal).map((share) => share.cluster);
  const policy = (policyName: string): Dispatched => ({
    kind: KINDS.propagationPolicy,
    name: policyName,
    clusters: [],
  });
  return [
    { kind: KINDS.mongoDB, name, clusters },
    policy(name),
    { kind: KINDS.overridePolicy, name, clusters: [] },
    ...ordinals.flatMap((ordinal) => [
      { kind: KINDS.service, name: `${name}-mongodb-${ordinal}`, clusters: holders(ordinal) },
      policy(`${name}-mongodb-${ordinal}-pp`),
    ]),
    { kind: KINDS.configMap, name: `${name}-hostconf`, clusters },
    policy(`${name}-hostconf-pp`),
    { kind: KINDS.secret, name: `${name}-auth`, clusters },
    policy(`${name}-secrets-pp`),
    ...(options.config
      ? [
          { kind: KINDS.configMap, name: `${name}-config`, clusters },
          policy(`${name}-config-custom-configmap-pp`),
        ]
      : []),
    ...(options.pull ? [{ kind: KINDS.secret, name: `${name}-pull`, clusters }] : []),
    { kind: KINDS.secret, name: `${name}-connection`, clusters: [] },
  ];
}
