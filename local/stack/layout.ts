import { join } from 'node:path';

/** Where everything of one stack lives. Pure: the same name and index give the same layout. */
export interface StackLayout {
  readonly name: string;
  readonly index: number;
  /** Its clusters are somebody else's: nothing of them is started, cut or stopped here. */
  readonly attached: boolean;
  readonly root: string;
  readonly bridge: string;
  /** Address of the host on the bridge; Karmada's API server listens there. */
  readonly hostAddress: string;
  readonly prefixLength: 24;
  /** A loopback address of this stack alone, so that fixed ports never collide with another stack. */
  readonly loopback: string;
  readonly karmada: ClusterLayout;
  readonly members: readonly MemberLayout[];
  readonly temporal: TemporalLayout;
  readonly pkiFolder: string;
  readonly logFolder: string;
  readonly auditFolder: string;
  readonly runFolder: string;
  readonly imageFolder: string;
}

export interface ClusterLayout {
  readonly name: string;
  readonly address: string;
  readonly apiUrl: string;
  readonly etcdFolder: string;
  readonly etcdClientUrl: string;
  readonly etcdPeerUrl: string;
  readonly kubeconfig: string;
  /** Network namespace; undefined on the host side. */
  readonly netns?: string;
}

export interface MemberLayout extends ClusterLayout {
  readonly netns: string;
  /** Host end of the cable; in the namespace its name is eth0. */
  readonly cable: string;
  readonly folder: string;
  readonly podCidr: string;
  readonly nodes: readonly NodeLayout[];
}

export interface NodeLayout {
  readonly name: string;
  readonly letter: 'a' | 'b';
  readonly member: string;
  readonly netns: string;
  /** InternalIP. Node a has the member's address, which is the VIP; node b one of its own beside it. */
  readonly address: string;
  readonly zone: string;
  readonly folder: string;
  readonly containerdSocket: string;
  readonly kubeletPort: number;
  readonly cniBridge: string;
  readonly podSubnet: string;
  readonly volumeFolder: string;
  readonly cgroupRoot: string;
}

export interface TemporalLayout {
  readonly port: number;
  readonly uiPort: number;
  readonly address: string;
  readonly uiUrl: string;
  readonly databaseFile: string;
}

export const DEFAULT_MEMBERS = ['east', 'west', 'north'] as const;
export const MAX_MEMBERS = 9;
export const CLUSTER_DNS_ADDRESS = '10.96.0.10';
export const SERVICE_CIDR = '10.96.0.0/16';
const API_PORT = 6443;
const LETTERS = ['a', 'b'] as const;

export interface LayoutInput {
  readonly name: string;
  /** 0 … 99: third byte of the stack's subnet and of its loopback address. */
  readonly index: number;
  /** Folder that holds all stacks. */
  readonly base: string;
  readonly members: readonly string[];
  readonly temporalPort: number;
  readonly temporalUiPort: number;
  /** VIPs of members that run elsewhere, by name; absent for clusters of this machine. */
  readonly attached?: Readonly<Record<string, string>> | undefined;
}

/** Everything that must differ between stacks follows from `index`; `name` only names folders and namespaces. */
export function planLayout(input: LayoutInput): StackLayout {
  const { name, index } = input;
  const root = join(input.base, name);
  const subnet = `10.201.${index}`;
  const loopback = `127.201.${index}.1`;
  const hostAddress = `${subnet}.1`;
  return {
    name,
    index,
    attached: input.attached !== undefined,
    root,
    bridge: `fs${index}br`,
    hostAddress,
    prefixLength: 24,
    loopback,
    karmada: {
      name: 'karmada',
      address: hostAddress,
      ...planCluster(root, 'karmada', hostAddress, loopback),
    },
    members: input.members.map((member, position) => planMember(input, root, subnet, member, position + 1)),
    temporal: {
      port: input.temporalPort,
      uiPort: input.temporalUiPort,
      address: `127.0.0.1:${input.temporalPort}`,
      uiUrl: `http://127.0.0.1:${input.temporalUiPort}`,
      databaseFile: join(root, 'temporal.db'),
    },
    pkiFolder: join(root, 'pki'),
    logFolder: join(root, 'logs'),
    auditFolder: join(root, 'audit'),
    runFolder: join(root, 'run'),
    imageFolder: join(root, 'images'),
  };
}

function planCluster(root: string, name: string, address: string, etcdAddress: string) {
  return {
    apiUrl: `https://${address}:${API_PORT}`,
    etcdFolder: join(root, 'etcd', name),
    etcdClientUrl: `http://${etcdAddress}:2379`,
    etcdPeerUrl: `http://${etcdAddress}:2380`,
    kubeconfig: join(root, 'kube', `${name}.kubeconfig`),
  };
}

function planMember(
  input: LayoutInput,
  root: string,
  subnet: string,
  name: string,
  ordinal: number,
): MemberLayout {
  const address = `${subnet}.${10 + ordinal}`;
  const folder = join(root, 'members', name);
  return {
    name,
    ...planCluster(root, name, address, '127.0.0.1'),
    address: input.attached?.[name] ?? address,
    netns: `fedstate-${input.name}-${name}`,
    cable: `fs${input.index}-${name}`,
    folder,
    podCidr: `10.244.${ordinal * 2}.0/23`,
    nodes: LETTERS.map((letter, position) => ({
      name: `${name}-${letter}`,
      letter,
      member: name,
      netns: `fedstate-${input.name}-${name}`,
      address: position === 0 ? address : `${subnet}.${20 + ordinal}`,
      zone: `${name}-${letter}`,
      folder: join(folder, letter),
      containerdSocket: join(folder, letter, 'containerd.sock'),
      kubeletPort: 10250 + position,
      cniBridge: `cni-${letter}`,
      podSubnet: `10.244.${ordinal * 2 + position}.0/24`,
      volumeFolder: join(root, 'volumes', `${name}-${letter}`),
      cgroupRoot: `/fedstate-${input.name}-${name}-${letter}`,
    })),
  };
}

/** The member of that name. */
export function findMember(layout: StackLayout, name: string): MemberLayout | undefined {
  return layout.members.find((member) => member.name === name);
}
