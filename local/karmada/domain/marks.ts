/** Labels, annotations and finalizers as a real Karmada 1.18 writes them (facts 5–9). */
export const LABELS = {
  managed: 'karmada.io/managed',
  system: 'karmada.io/system',
  policyId: 'propagationpolicy.karmada.io/permanent-id',
  bindingId: 'resourcebinding.karmada.io/permanent-id',
  workId: 'work.karmada.io/permanent-id',
  deletionProtected: 'resourcetemplate.karmada.io/deletion-protected',
  skipAutoPropagation: 'namespace.karmada.io/skip-auto-propagation',
} as const;

export const ANNOTATIONS = {
  policyName: 'propagationpolicy.karmada.io/name',
  policyNamespace: 'propagationpolicy.karmada.io/namespace',
  bindingName: 'resourcebinding.karmada.io/name',
  bindingNamespace: 'resourcebinding.karmada.io/namespace',
  workName: 'work.karmada.io/name',
  workNamespace: 'work.karmada.io/namespace',
  conflictResolution: 'work.karmada.io/conflict-resolution',
  templateUid: 'resourcetemplate.karmada.io/uid',
  templateGeneration: 'resourcetemplate.karmada.io/generation',
  managedLabels: 'resourcetemplate.karmada.io/managed-labels',
  managedAnnotations: 'resourcetemplate.karmada.io/managed-annotations',
  appliedPlacement: 'policy.karmada.io/applied-placement',
  appliedOverrides: 'policy.karmada.io/applied-overrides',
} as const;

export const FINALIZERS = {
  policy: 'karmada.io/propagation-policy-controller',
  binding: 'karmada.io/binding-controller',
  work: 'karmada.io/execution-controller',
  cluster: 'karmada.io/cluster-controller',
} as const;

/** What is taken off an object that is released (fact 26); the annotation `conflictResolution` stays. */
export const RELEASED_LABELS: readonly string[] = [
  LABELS.managed,
  LABELS.policyId,
  LABELS.bindingId,
  LABELS.workId,
];
export const RELEASED_ANNOTATIONS: readonly string[] = [
  ANNOTATIONS.policyName,
  ANNOTATIONS.policyNamespace,
  ANNOTATIONS.bindingName,
  ANNOTATIONS.bindingNamespace,
  ANNOTATIONS.workName,
  ANNOTATIONS.workNamespace,
  ANNOTATIONS.templateUid,
  ANNOTATIONS.templateGeneration,
  ANNOTATIONS.managedLabels,
  ANNOTATIONS.managedAnnotations,
];

export const DEFAULT_SCHEDULER = 'default-scheduler';
