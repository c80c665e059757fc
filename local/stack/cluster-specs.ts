import type { ProgramPaths } from '../programs/obtain';
import { SERVICE_CIDR, type ClusterLayout, type MemberLayout } from './layout';
import type { Pki } from './pki';
import { STAGE, type ProcessRequest } from './process-spec';

/** Environment of programs that need none of ours. */
export const PLAIN_ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};
/** Collecting later costs memory and saves time: most of an idle server's work is garbage. */
const GO_ENV = { ...PLAIN_ENV, GOGC: '200' };

/** Enough for namespaces to empty, owned objects to be collected and tokens to be made. */
const KARMADA_CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
];

/** All but those that need a cloud, and those that only cost time here. */
const MEMBER_CONTROLLERS = [
  '*',
  '-node-ipam-controller',
  '-node-route-controller',
  '-service-lb-controller',
  '-cloud-node-lifecycle-controller',
  '-persistentvolume-attach-detach-controller',
  '-horizontal-pod-autoscaler-controller',
  '-certificatesigningrequest-approving-controller',
  '-certificatesigningrequest-cleaner-controller',
  '-certificatesigningrequest-signing-controller',
  '-ttl-controller',
  '-resourcequota-controller',
];

export function etcdSpec(cluster: ClusterLayout, programs: ProgramPaths): ProcessRequest {
  return {
    name: `${cluster.name}-etcd`,
    stage: STAGE.store,
    netns: cluster.netns,
    env: GO_ENV,
    command: [
      programs.etcd,
      ...[`--data-dir=${cluster.etcdFolder}`, '--unsafe-no-fsync', '--log-level=warn'],
      ...[
        `--listen-client-urls=${cluster.etcdClientUrl}`,
        `--advertise-client-urls=${cluster.etcdClientUrl}`,
      ],
      ...[`--listen-peer-urls=${cluster.etcdPeerUrl}`],
      ...[`--initial-advertise-peer-urls=${cluster.etcdPeerUrl}`],
      ...[`--initial-cluster=default=${cluster.etcdPeerUrl}`],
      ...['--auto-compaction-mode=periodic', '--auto-compaction-retention=10m'],
      ...['--snapshot-count=10000', '--quota-backend-bytes=2147483648'],
    ],
  };
}

export function apiServerSpec(
  cluster: ClusterLayout,
  programs: ProgramPaths,
  pki: Pki,
  flags: readonly string[] = [],
): ProcessRequest {
  // On the host side only the bridge's address: another stack has the same port on its own.
  const bind = cluster.netns === undefined ? cluster.address : '0.0.0.0';
  return {
    name: `${cluster.name}-apiserver`,
    stage: STAGE.server,
    netns: cluster.netns,
    env: GO_ENV,
    command: [
      programs['kube-apiserver'],
      ...[`--etcd-servers=${cluster.etcdClientUrl}`, `--bind-address=${bind}`],
      ...[`--advertise-address=${cluster.address}`, '--secure-port=6443'],
      ...[`--service-cluster-ip-range=${SERVICE_CIDR}`],
      ...[`--tls-cert-file=${pki.serverCertFile}`, `--tls-private-key-file=${pki.serverKeyFile}`],
      ...[`--client-ca-file=${pki.caFile}`, `--token-auth-file=${pki.tokenFile}`],
      '--kubelet-preferred-address-types=InternalIP',
      ...[
        `--kubelet-client-certificate=${pki.adminCertFile}`,
        `--kubelet-client-key=${pki.adminKeyFile}`,
        `--kubelet-certificate-authority=${pki.caFile}`,
      ],
      ...[
        `--service-account-key-file=${pki.serviceAccountPublicFile}`,
        `--service-account-signing-key-file=${pki.serviceAccountKeyFile}`,
        '--service-account-issuer=https://kubernetes.default.svc',
      ],
      ...[`--requestheader-client-ca-file=${pki.caFile}`, '--requestheader-allowed-names=front-proxy-client'],
      ...[
        '--requestheader-username-headers=X-Remote-User',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      ],
      ...[
        `--proxy-client-cert-file=${pki.frontProxyCertFile}`,
        `--proxy-client-key-file=${pki.frontProxyKeyFile}`,
      ],
      ...['--authorization-mode=RBAC', '--allow-privileged=true', '--profiling=false'],
      // On where security is taken seriously: who names an owner must hold its finalizers.
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      ...flags,
    ],
  };
}

export function controllerManagerSpec(
  cluster: ClusterLayout,
  programs: ProgramPaths,
  pki: Pki,
  role: 'karmada' | 'member',
): ProcessRequest {
  const controllers = role === 'karmada' ? KARMADA_CONTROLLERS : MEMBER_CONTROLLERS;
  return {
    name: `${cluster.name}-controllers`,
    stage: STAGE.node,
    netns: cluster.netns,
    env: GO_ENV,
    command: [
      programs['kube-controller-manager'],
      ...[`--kubeconfig=${cluster.kubeconfig}`, `--controllers=${controllers.join(',')}`],
      ...[`--service-account-private-key-file=${pki.serviceAccountKeyFile}`, `--root-ca-file=${pki.caFile}`],
      ...['--secure-port=0', '--leader-elect=false', '--profiling=false'],
    ],
  };
}

export function schedulerSpec(member: MemberLayout, programs: ProgramPaths): ProcessRequest {
  return {
    name: `${member.name}-scheduler`,
    stage: STAGE.node,
    netns: member.netns,
    env: GO_ENV,
    command: [
      programs['kube-scheduler'],
      ...[
        `--kubeconfig=${member.kubeconfig}`,
        '--leader-elect=false',
        '--secure-port=0',
        '--profiling=false',
      ],
    ],
  };
}
