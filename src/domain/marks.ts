// Labels, annotations, finalizers and field managers: one place, so that a selector and its object never differ.

export const GROUP = 'middleware.fedstate.io';
export const VERSION = 'v1alpha1';
export const FIELD_MANAGER = 'fedstate';
export const MEMBER_FIELD_MANAGER = 'fedstate-member';

export const LABELS = {
  instance: 'app.kubernetes.io/instance',
  managedBy: 'app.kubernetes.io/managed-by',
  app: 'app',
  role: 'role',
  replicaSet: 'replSetName',
  data: 'data',
  arbiter: 'arbiter',
  ordinal: 'middleware.fedstate.io/ordinal',
  instanceUid: 'middleware.fedstate.io/instance-uid',
  vip: 'app.multicloudmongodb.io/vip',
  clusterVip: 'vip',
  servicePolicy: 'app.karmada.io/service-pp',
  configMapPolicy: 'app.karmada.io/configmap-pp',
  customConfigPolicy: 'app.karmada.io/custom-configmap-pp',
  secretsPolicy: 'app.karmada.io/secrets-pp',
  deletionProtected: 'resourcetemplate.karmada.io/deletion-protected',
  karmadaManaged: 'karmada.io/managed',
} as const;

/** Labels of the custom resource that travel with its objects, by name: all but what Karmada puts there. */
export const carriedLabels = (labels: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(labels)
    .filter(([key]) => !key.includes('karmada.io/'))
    .sort(([a], [b]) => (a < b ? -1 : 1));

export const MANAGED_BY = 'fedstate';

export const ANNOTATIONS = {
  schedulerResult: 'schedulerResult',
  /** Uid of the instance whose creation has ended well. */
  created: 'middleware.fedstate.io/created',
  /** What was asked for when templates were dispatched last; another wish has not reached the members. */
  appliedSpec: 'middleware.fedstate.io/applied-spec',
  /** Digests of what the pods were made of that were dispatched last: tells which change will replace them. */
  appliedPods: 'middleware.fedstate.io/applied-pods',
  /** Digest of all that was asked for when an operation last ended well: what differs is a change to be carried out. */
  settled: 'middleware.fedstate.io/settled',
  /** What of the spec the placement answers: another wish is placed anew, a placement edited by hand stands. */
  placedFor: 'middleware.fedstate.io/placed-for',
  /** Any new value: every member is restarted, one at a time. */
  restart: 'middleware.fedstate.io/restart',
  /** Any new value: new passwords and a new keyfile; `passwords/…` or `keyfile/…`: one of both (S23). */
  rotate: 'middleware.fedstate.io/rotate',
  /** When passwords or keyfile were changed last. */
  credentialsRotatedAt: 'middleware.fedstate.io/credentials-rotated-at',
  /** `<cluster>/<ordinal>@<anything new>`: that member's data is thrown away and copied anew. */
  rebuild: 'middleware.fedstate.io/rebuild',
  /** The request that was carried out last. */
  rebuilt: 'middleware.fedstate.io/rebuilt',
  /** `<uid of the claim that goes> <request>`, written before anything is deleted: what comes after it is not wiped again. */
  wiping: 'middleware.fedstate.io/wiping',
  /** The command that moved a member last, as `<run>/<activity>`: tried again, it moves no other. */
  moved: 'middleware.fedstate.io/moved',
  /** Comma-joined clusters that shall hold no member until they are taken out of it. */
  drained: 'middleware.fedstate.io/drained',
  /** `<release>/<RFC 3339>`: since when all members run a release whose feature compatibility version is still to be set. */
  soaking: 'middleware.fedstate.io/soaking',
  /** Clusters that are taken to be lost, as JSON: they hold no member, and nothing is sent there. */
  lost: 'middleware.fedstate.io/lost',
  /** Name of a cluster that somebody calls lost: its members are replaced if the surviving ones say the same. */
  failover: 'middleware.fedstate.io/failover',
  /** Why a lost majority should be recovered: asks for a plan, which then waits for a person's approval by name. */
  recoverMajority: 'middleware.fedstate.io/recover-majority',
  /** Clusters that look dead, or alive again, and since when, as JSON: the streak outlives who looks. */
  sightings: 'middleware.fedstate.io/cluster-sightings',
  /** When each cluster was given its members back last, as JSON. */
  givenBack: 'middleware.fedstate.io/given-back',
  /** Hash of the plan that may run. */
  approve: 'middleware.fedstate.io/approve',
  /** Digest of the `mongod.yaml` that was dispatched last; the member's status echoes it. */
  appliedConfig: 'middleware.fedstate.io/applied-config',
  /** Digest of the MongoDB template that was dispatched last: only what can be built again as it was is put back. */
  appliedTemplate: 'middleware.fedstate.io/applied-template',
  /** `<cluster>/<ordinal>` of the one member that may ever be initiated; written before the first attempt. */
  seedMember: 'middleware.fedstate.io/seed-member',
  /** NodePort of each ordinal by which the replica set knows its members, as JSON. */
  nodePorts: 'middleware.fedstate.io/node-ports',
  /** Revision of the override that made this object's spec; the member's status echoes it. */
  overrideRevision: 'middleware.fedstate.io/override-revision',
  /** On a MongoDB template: digest of what it asks for; the member's status echoes it. */
  templateRevision: 'middleware.fedstate.io/template-revision',
  templateHash: 'middleware.fedstate.io/template-hash',
  /** On a pod: revisions of the credentials that it started with. */
  credentialsRevision: 'middleware.fedstate.io/credentials-revision',
  /** On a ConfigMap of mongod.yaml: what of it needs a restart, and what it sets of the rest. */
  partedConfig: 'middleware.fedstate.io/parted-config',
  /** On a StatefulSet: its mongod ran once, so that a new template must wait for its rollout. */
  memberStarted: 'middleware.fedstate.io/member-started',
  instanceUid: 'middleware.fedstate.io/instance-uid',
  paused: 'middleware.fedstate.io/paused',
  /** On a Karmada Cluster, before its label: a label cannot hold an IPv6 address. On a MongoDB: that address. */
  vip: 'middleware.fedstate.io/vip',
} as const;

/** Annotations that we write as a record: none of them asks for anything. */
export const RECORDS: ReadonlySet<string> = new Set([
  ANNOTATIONS.created,
  ANNOTATIONS.appliedSpec,
  ANNOTATIONS.appliedPods,
  ANNOTATIONS.appliedConfig,
  ANNOTATIONS.appliedTemplate,
  ANNOTATIONS.settled,
  ANNOTATIONS.placedFor,
  ANNOTATIONS.seedMember,
  ANNOTATIONS.nodePorts,
  ANNOTATIONS.soaking,
  ANNOTATIONS.credentialsRotatedAt,
  ANNOTATIONS.rebuilt,
  ANNOTATIONS.moved,
  ANNOTATIONS.wiping,
  ANNOTATIONS.sightings,
  ANNOTATIONS.givenBack,
]);

export const FINALIZERS = {
  multiCloud: 'multiCloudMongoDB.finalizers.middleware.fedstate.io',
  member: 'mongodb.finalizers.middleware.fedstate.io',
} as const;

export const SCHEDULER_NAME = 'multicloud-middleware-scheduler';
