import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ProgramPaths } from '../programs/obtain';
import { PLAIN_ENV } from './cluster-specs';
import { CLUSTER_DNS_ADDRESS, type MemberLayout, type NodeLayout } from './layout';
import type { Pki } from './pki';
import { STAGE, type ProcessRequest } from './process-spec';
import { revisionOfFolders, revisionOfTexts } from './revision';

export const PAUSE_IMAGE = 'docker.io/fedstate/pause:1';

/** A file that a node's programs read; `path` is absolute. */
export interface NodeFile {
  readonly path: string;
  readonly text: string;
}

const configOf = (node: NodeLayout, name: string): string => join(node.folder, name);

/** Configuration of containerd, CNI and kubelet of one node. Pure. */
export function nodeFiles(node: NodeLayout, pki: Pki): readonly NodeFile[] {
  return [
    { path: configOf(node, 'containerd.toml'), text: containerdConfig(node) },
    { path: configOf(node, 'cni/10-bridge.conflist'), text: cniConfig(node) },
    { path: configOf(node, 'kubelet.yaml'), text: kubeletConfig(node, pki) },
    // Empty: pods must not inherit the search domains and servers of the host.
    { path: configOf(node, 'resolv.conf'), text: '' },
  ];
}

function containerdConfig(node: NodeLayout): string {
  return `version = 2
root = "${configOf(node, 'containerd')}"
state = "${configOf(node, 'run')}"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "${node.containerdSocket}"
[debug]
  level = "error"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stats_collect_period = 60
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${configOf(node, 'cni')}"
`;
}

function cniConfig(node: NodeLayout): string {
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: node.name,
    plugins: [
      {
        type: 'bridge',
        bridge: node.cniBridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: configOf(node, 'ipam'),
          ranges: [[{ subnet: node.podSubnet }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

function kubeletConfig(node: NodeLayout, pki: Pki): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: node.cgroupRoot,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    address: node.address,
    port: node.kubeletPort,
    healthzPort: 0,
    tlsCertFile: pki.serverCertFile,
    tlsPrivateKeyFile: pki.serverKeyFile,
    authentication: {
      anonymous: { enabled: false },
      x509: { clientCAFile: pki.caFile },
      webhook: { enabled: false },
    },
    authorization: { mode: 'AlwaysAllow' },
    containerRuntimeEndpoint: `unix://${node.containerdSocket}`,
    // Not the machine's /var/log/pods: what a stack writes goes with it.
    podLogsDir: podLogFolder(node),
    clusterDNS: [CLUSTER_DNS_ADDRESS],
    clusterDomain: 'cluster.local',
    resolvConf: configOf(node, 'resolv.conf'),
    failSwapOn: false,
    localStorageCapacityIsolation: false,
    // A full disk of the machine is not the stack's to cure.
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    // Images come from archives and cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    nodeStatusUpdateFrequency: '10s',
    maxPods: 60,
    serializeImagePulls: false,
    enableProfilingHandler: false,
    enableDebugFlagsHandler: false,
    volumeStatsAggPeriod: '-1s',
    logging: { verbosity: 0 },
  });
}

export const podLogFolder = (node: NodeLayout): string => join(node.folder, 'pod-logs');

export function containerdSpec(node: NodeLayout): ProcessRequest {
  return {
    revision: revisionOfTexts([containerdConfig(node), cniConfig(node)]),
    name: `${node.name}-containerd`,
    stage: STAGE.runtime,
    netns: node.netns,
    env: PLAIN_ENV,
    command: ['containerd', '-c', configOf(node, 'containerd.toml')],
  };
}

export function kubeletSpec(
  node: NodeLayout,
  member: MemberLayout,
  programs: ProgramPaths,
  pki: Pki,
): ProcessRequest {
  const labels = {
    deploy: 'mongo',
    'topology.kubernetes.io/zone': node.zone,
    'topology.kubernetes.io/region': member.name,
  };
  return {
    name: `${node.name}-kubelet`,
    revision: revisionOfTexts([kubeletConfig(node, pki)]),
    stage: STAGE.node,
    netns: node.netns,
    env: PLAIN_ENV,
    command: [
      programs.kubelet,
      ...[`--config=${configOf(node, 'kubelet.yaml')}`, `--kubeconfig=${member.kubeconfig}`],
      ...[`--root-dir=${configOf(node, 'kubelet')}`, `--hostname-override=${node.name}`],
      ...[`--node-ip=${node.address}`],
      `--node-labels=${Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(',')}`,
      '--housekeeping-interval=60s',
    ],
  };
}

/** One proxy serves the whole namespace: NodePorts and Service addresses are rules of its network. */
export function kubeProxySpec(member: MemberLayout, programs: ProgramPaths): ProcessRequest {
  const [first] = member.nodes;
  return {
    name: `${member.name}-proxy`,
    stage: STAGE.node,
    netns: member.netns,
    env: PLAIN_ENV,
    command: [
      programs['kube-proxy'],
      ...[`--kubeconfig=${member.kubeconfig}`, `--hostname-override=${first?.name ?? member.name}`],
      ...[`--cluster-cidr=${member.podCidr}`, '--conntrack-max-per-core=0', '--proxy-mode=iptables'],
      ...['--metrics-bind-address=127.0.0.1:10249', '--healthz-bind-address=127.0.0.1:10256'],
      ...['--iptables-sync-period=60s', '--iptables-min-sync-period=200ms'],
    ],
  };
}

/** Answers for Services of this cluster only; there is no way out, so every other name is one that does not exist. */
export function corednsFile(member: MemberLayout): NodeFile {
  return {
    path: join(member.folder, 'Corefile'),
    text: `.:53 {
  bind ${member.address}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${member.kubeconfig}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 5
  }
  template ANY ANY {
    rcode NXDOMAIN
  }
  cache 5
}
`,
  };
}

export function corednsSpec(member: MemberLayout, programs: ProgramPaths): ProcessRequest {
  return {
    name: `${member.name}-dns`,
    revision: revisionOfTexts([corednsFile(member).text]),
    stage: STAGE.node,
    netns: member.netns,
    env: PLAIN_ENV,
    command: [programs.coredns, '-conf', corednsFile(member).path],
  };
}

export function provisionerSpec(member: MemberLayout, packageFolder: string): ProcessRequest {
  const dist = join(packageFolder, 'dist');
  return {
    name: `${member.name}-provisioner`,
    revision: revisionOfFolders([join(dist, 'local', 'provisioner'), join(dist, 'src', 'kube')]),
    stage: STAGE.node,
    netns: member.netns,
    env: PLAIN_ENV,
    command: [
      process.execPath,
      '--max-old-space-size=64',
      join(dist, 'local', 'provisioner', 'main.js'),
      ...['--kubeconfig', member.kubeconfig],
      ...member.nodes.flatMap((node) => ['--node', `${node.name}=${node.volumeFolder}`]),
    ],
  };
}
