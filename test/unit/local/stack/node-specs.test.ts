import { parse } from 'yaml';
import { planLayout } from '../../../../local/stack/layout';
import { corednsFile, kubeletSpec, nodeFiles, PAUSE_IMAGE } from '../../../../local/stack/node-specs';
import { pkiOf } from '../../../../local/stack/pki';
import type { ProgramPaths } from '../../../../local/programs/obtain';

const layout = planLayout({
  name: 'demo',
  index: 3,
  base: '/srv',
  members: ['east'],
  temporalPort: 7233,
  temporalUiPort: 8233,
});
const [east] = layout.members;
const [a, b] = east?.nodes ?? [];
if (east === undefined || a === undefined || b === undefined) throw new Error('no node');
const programs: ProgramPaths = {
  etcd: '/b/etcd',
  'kube-apiserver': '/b/kube-apiserver',
  'kube-controller-manager': '/b/kube-controller-manager',
  'kube-scheduler': '/b/kube-scheduler',
  kubelet: '/b/kubelet',
  'kube-proxy': '/b/kube-proxy',
  kubectl: '/b/kubectl',
  coredns: '/b/coredns',
};
const fileOf = (name: string) =>
  nodeFiles(a, pkiOf(layout)).find((file) => file.path.endsWith(name))?.text ?? '';

describe('node files', () => {
  it('lets a kubelet run on cgroup v1, evict nothing and keep images that cannot be pulled again', () => {
    expect(parse(fileOf('kubelet.yaml'))).toMatchObject({
      failCgroupV1: false,
      cgroupRoot: a.cgroupRoot,
      evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' },
      imageGCHighThresholdPercent: 100,
      clusterDNS: ['10.96.0.10'],
    });
  });

  it('names the pause image and lifts what needs CAP_SYS_RESOURCE', () => {
    const text = fileOf('containerd.toml');
    expect(text).toContain(`sandbox_image = "${PAUSE_IMAGE}"`);
    expect(text).toContain('restrict_oom_score_adj = true');
    expect(text).toContain(`address = "${a.containerdSocket}"`);
  });

  it('gives pods of each node addresses of that node, with hairpin for their own Service', () => {
    expect(JSON.parse(fileOf('10-bridge.conflist'))).toMatchObject({
      plugins: [
        { bridge: 'cni-a', hairpinMode: true, ipam: { ranges: [[{ subnet: a.podSubnet }]] } },
        { type: 'portmap' },
      ],
    });
  });

  it('inherits no name server of the host', () => {
    expect(fileOf('resolv.conf')).toBe('');
    expect(corednsFile(east).text).not.toContain('forward');
    expect(corednsFile(east).text).toContain('rcode NXDOMAIN');
  });
});

describe('kubeletSpec', () => {
  it('labels the node with zone, region and deploy=mongo', () => {
    const spec = kubeletSpec(b, east, programs, pkiOf(layout));
    expect(spec.command).toContain(
      '--node-labels=deploy=mongo,topology.kubernetes.io/zone=east-b,topology.kubernetes.io/region=east',
    );
    expect(spec.netns).toBe('fedstate-demo-east');
  });

  it('is another revision when its configuration is another', () => {
    const revision = (prefix: string) =>
      kubeletSpec({ ...a, cgroupRoot: prefix }, east, programs, pkiOf(layout)).revision;
    expect(revision('/one')).not.toBe(revision('/two'));
    expect(revision('/one')).toBe(revision('/one'));
  });
});
