// Names of every object FedState makes for an instance called N (spec: objects of the control plane).

/** Longest instance name accepted: enforced by CEL in both CRDs. */
export const MAX_INSTANCE_NAME = 44;

// A StatefulSet's revision label is `<name>-<hash of 10>` and a label value holds 63: 52 are left for
// `<stem>-mongodb-arbiter`, 36 for the stem.
const MAX_STEM = 36;

export const REPLICA_SET_NAME = 'replset-0';
export const MONGO_PORT = 27017;
export const EXPORTER_PORT = 9216;
export const MAX_MEMBERS = 50;

/** The part of member object names that stands for the instance: N, or N shortened with a hash when N is long. */
export function instanceStem(instance: string): string {
  return instance.length <= MAX_STEM ? instance : `${instance.slice(0, MAX_STEM - 9)}-${fnv1a32(instance)}`;
}

/** A member's place inside its cluster: ordinal of a data member, or the one arbiter. */
export type Ordinal = number | 'arbiter';

/** Name of a member's Service and of its StatefulSet; its pod adds `-0`. */
export function memberName(instance: string, ordinal: Ordinal): string {
  return `${instanceStem(instance)}-mongodb-${ordinal}`;
}

/** Inverse of {@link memberName}; undefined when the name is not one of this instance's members. */
export function ordinalOfMember(instance: string, name: string): Ordinal | undefined {
  const prefix = `${instanceStem(instance)}-mongodb-`;
  if (!name.startsWith(prefix)) return undefined;
  const rest = name.slice(prefix.length);
  if (rest === 'arbiter') return 'arbiter';
  return /^(0|[1-9]\d?)$/.test(rest) ? Number(rest) : undefined;
}

export const podName = (instance: string, ordinal: Ordinal): string => `${memberName(instance, ordinal)}-0`;
export const exporterServiceName = (instance: string, ordinal: Ordinal): string =>
  `${memberName(instance, ordinal)}-exporter`;
export const authSecretName = (instance: string): string => `${instance}-auth`;
export const connectionSecretName = (instance: string): string => `${instance}-connection`;
export const pullSecretName = (instance: string): string => `${instance}-pull`;
export const configMapName = (instance: string): string => `${instance}-config`;
export const hostConfName = (instance: string): string => `${instance}-hostconf`;
export const mongodConfigName = (instance: string): string => `${instance}-mongod`;
/** Secret with the exporter's MONGODB_URI, and the ServiceMonitor of its Services. */
export const exporterName = (instance: string): string => `${instance}-exporter`;
export const generatedPullSecretName = (instance: string): string => `${instance}-pull-generated`;
export const disruptionBudgetName = (instance: string): string => `${instance}-mongodb`;
export const servicePolicyName = (instance: string, ordinal: Ordinal): string =>
  `${memberName(instance, ordinal)}-pp`;
export const hostConfPolicyName = (instance: string): string => `${instance}-hostconf-pp`;
// With the stem, as 27 characters are put after it.
export const customConfigPolicyName = (instance: string): string =>
  `${configMapName(instanceStem(instance))}-custom-configmap-pp`;
export const secretsPolicyName = (instance: string): string => `${instance}-secrets-pp`;

/** Value of a policy's label that says what it is for, e.g. `orders-service-pp` under `app.karmada.io/service-pp`. */
export const policyLabelValue = (instance: string, label: string): string =>
  `${instanceStem(instance)}-${label.replace(/^.*\//, '')}`;

/** Claim template name; the claim is `<this>-<pod>`. Holds part of the instance's uid so that nothing old is inherited. */
export const claimTemplateName = (instanceUid: string): string => `data-${fnv1a32(instanceUid)}`;
export const claimName = (instance: string, instanceUid: string, ordinal: Ordinal): string =>
  `${claimTemplateName(instanceUid)}-${podName(instance, ordinal)}`;

/** FNV-1a, 32 bit, as 8 hex digits: short, stable, not for secrets. */
export function fnv1a32(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of utf8Bytes(text)) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
}

function utf8Bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
