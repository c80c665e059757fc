/** Set of programs that come from one release. */
export interface ToolSet {
  /** Folder below local/tools with go.mod and go.sum, which pin what a build makes. */
  readonly folder: string;
  readonly version: string;
  readonly programs: readonly Program[];
  readonly buildFlags: readonly string[];
  /** What a cold build takes on two cores, in minutes. */
  readonly buildMinutes: number;
}

export interface Program {
  readonly name: string;
  /** Import path of its main package. */
  readonly package: string;
  /** Arguments that print its version. */
  readonly versionArguments: readonly string[];
  /** What a program found on PATH must print to be taken. */
  readonly versionPattern: RegExp;
  readonly download: Download;
}

/** An official release: `url` is the program, or an archive with the program at `member`. */
export interface Download {
  readonly url: string;
  /** File with the SHA-256 of what `url` gives, alone or in lines `HASH  NAME`. */
  readonly checksumUrl: string;
  readonly member?: string;
}

export const PROGRAM_NAMES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
  'coredns',
] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

const KUBERNETES = 'v1.36.2';
const ETCD = 'v3.6.16';
const COREDNS = 'v1.12.4';

/** Every tool set, for a Go architecture name such as amd64. Order of builds: short ones first. */
export function listToolSets(arch: string): readonly ToolSet[] {
  return [etcdSet(arch), kubernetesSet(arch), corednsSet(arch)];
}

function kubernetesSet(arch: string): ToolSet {
  const base = `https://dl.k8s.io/${KUBERNETES}/bin/linux/${arch}`;
  const stamp = (key: string, value: string): string => `-X k8s.io/component-base/version.${key}=${value}`;
  const program = (name: string): Program => ({
    name,
    package: `k8s.io/kubernetes/cmd/${name}`,
    versionArguments: name === 'kubectl' ? ['version', '--client'] : ['--version'],
    versionPattern: /v1\.36\./,
    download: { url: `${base}/${name}`, checksumUrl: `${base}/${name}.sha256` },
  });
  return {
    folder: 'kubernetes',
    version: KUBERNETES,
    programs: [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubelet',
      'kube-proxy',
      'kubectl',
    ].map(program),
    buildFlags: [
      ['-s -w', stamp('gitVersion', KUBERNETES), stamp('gitMajor', '1'), stamp('gitMinor', '36')].join(' '),
    ],
    buildMinutes: 9,
  };
}

function etcdSet(arch: string): ToolSet {
  const base = `https://github.com/etcd-io/etcd/releases/download/${ETCD}`;
  const stem = `etcd-${ETCD}-linux-${arch}`;
  return {
    folder: 'etcd',
    version: ETCD,
    programs: [
      {
        name: 'etcd',
        package: 'go.etcd.io/etcd/server/v3',
        versionArguments: ['--version'],
        versionPattern: /etcd Version: 3\.6\./,
        download: {
          url: `${base}/${stem}.tar.gz`,
          checksumUrl: `${base}/SHA256SUMS`,
          member: `${stem}/etcd`,
        },
      },
    ],
    buildFlags: ['-s -w'],
    buildMinutes: 1,
  };
}

function corednsSet(arch: string): ToolSet {
  const file = `coredns_${COREDNS.slice(1)}_linux_${arch}.tgz`;
  const base = `https://github.com/coredns/coredns/releases/download/${COREDNS}`;
  return {
    folder: 'coredns',
    version: COREDNS,
    programs: [
      {
        name: 'coredns',
        package: 'github.com/coredns/coredns',
        versionArguments: ['-version'],
        versionPattern: /CoreDNS-1\./,
        download: { url: `${base}/${file}`, checksumUrl: `${base}/${file}.sha256`, member: 'coredns' },
      },
    ],
    buildFlags: ['-s -w'],
    buildMinutes: 3,
  };
}
