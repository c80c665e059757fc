import type { Manifest } from '../../src/kube/object';
import { CLUSTER_DNS_ADDRESS, type MemberLayout } from './layout';

const PORTS = [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
] as const;

/** The Service that pods ask for names, led to CoreDNS on the member's address. */
export function clusterDnsManifests(member: MemberLayout): readonly Manifest[] {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels: { 'k8s-app': 'kube-dns' } },
      spec: { clusterIP: CLUSTER_DNS_ADDRESS, ports: PORTS },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [member.address], conditions: { ready: true } }],
      ports: PORTS,
    },
  ];
}
