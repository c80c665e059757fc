// What a member cluster has and what of it is free, as read at one moment.

/** Cpu in millicores, memory in bytes, pods as a count. */
export interface Resources {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly pods: number;
}

/** A taint of a Node or of a Karmada Cluster; `effect` is NoSchedule, PreferNoSchedule or NoExecute. */
export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

export interface NodeCapacity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** False when cordoned (`spec.unschedulable`). */
  readonly schedulable: boolean;
  readonly ready: boolean;
  readonly allocatable: Resources;
  /** Sum over the pods bound to the node that have not ended. */
  readonly requested: Resources;
}

export interface StorageClassInfo {
  readonly name: string;
  readonly isDefault: boolean;
}

export interface ClusterCapacity {
  readonly name: string;
  readonly ready: boolean;
  readonly notReadyReason?: string | undefined;
  /** Address at which members there are reached; a cluster without one takes no member. */
  readonly vip?: string | undefined;
  readonly region?: string | undefined;
  readonly provider?: string | undefined;
  readonly zones: readonly string[];
  /** Labels of the Karmada Cluster object. */
  readonly labels: Readonly<Record<string, string>>;
  /** Taints of the Karmada Cluster object. */
  readonly taints: readonly Taint[];
  /** Undefined when they could not be read: see `unreadableReason`. */
  readonly nodes: readonly NodeCapacity[] | undefined;
  readonly unreadableReason?: string | undefined;
  readonly storageClasses: readonly StorageClassInfo[];
  /** `namespace/name` of the other instances that have a member there. */
  readonly instancesPlaced: readonly string[];
}
