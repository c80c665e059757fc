import type { Manifest } from '../../src/kube/object';

export const PROVISIONER = 'volumes.local.fedstate.io';

/** Storage classes of a member; both are served by our own provisioner. */
export function storageClassManifests(): readonly Manifest[] {
  const storageClass = (name: string, isDefault: boolean): Manifest => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name,
      annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
    },
    provisioner: PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  });
  return [storageClass('local', true), storageClass('managed-nfs-storage', false)];
}
