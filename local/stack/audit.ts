import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeFileAtomically } from './json-file';
import type { ClusterLayout, StackLayout } from './layout';

/** Megabytes of one log file, and files kept beside the present one: a run of every end-to-end test needs some tens. */
const LARGEST_MEGABYTES = 64;
const KEPT_FILES = 3;

/** Where the API server of a cluster writes down what FedState asks of it. Rotated files lie beside it. */
export const auditLogOf = (layout: Pick<StackLayout, 'auditFolder'>, cluster: Pick<ClusterLayout, 'name'>) =>
  join(layout.auditFolder, `${cluster.name}.log`);

/**
 * Who asked for what, and the answer; no bodies. FedState's accounts all lie in one namespace. Of everybody else only
 * what touches our own kinds: a role that came as somebody else could not avoid that.
 */
const POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    { level: 'Metadata', userGroups: ['system:serviceaccounts:fedstate-system'] },
    { level: 'Metadata', resources: [{ group: 'middleware.fedstate.io' }] },
    { level: 'None' },
  ],
};

/** Writes the policy, and gives the flags of kube-apiserver that make it keep an audit log. */
export function auditFlags(
  layout: Pick<StackLayout, 'auditFolder'>,
  cluster: Pick<ClusterLayout, 'name'>,
): string[] {
  const policy = join(layout.auditFolder, 'policy.yaml');
  mkdirSync(layout.auditFolder, { recursive: true });
  writeFileAtomically(policy, stringify(POLICY));
  return [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${auditLogOf(layout, cluster)}`,
    `--audit-log-maxsize=${LARGEST_MEGABYTES}`,
    `--audit-log-maxbackup=${KEPT_FILES}`,
  ];
}
