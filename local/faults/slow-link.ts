import { join } from 'node:path';
import { z } from 'zod';
import { KINDS, objectSchema } from '../../src/kube/object';
import { PLAIN_ENV } from '../stack/cluster-specs';
import { runCommand, succeeds, waitUntil } from '../stack/command';
import { kubeOf } from '../stack/kubeconfig';
import { findMember, type MemberLayout, type StackLayout } from '../stack/layout';
import { packageFolder } from '../stack/package-folder';
import { STAGE, type ProcessRequest } from '../stack/process-spec';
import type { SupervisorClient } from '../stack/supervisor-client';
import type { SlowFault } from './fault';
import { addressesOf, addRules, markOf, type FilterRule } from './packet-filter';

const API_PORT = 6443;

const serviceSchema = objectSchema.extend({
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number().optional() })).default([]) }),
});

/** Where connections from `from` arrive at a site, and the proxy that they are led to. */
interface Detour {
  readonly site: MemberLayout;
  readonly from: string;
}

/**
 * Leads new connections between the two ends, in whichever direction they are made, through a proxy at the one that
 * takes them; those that are open break and are made anew. Slow are the API server and the NodePorts that are there now.
 */
export async function slowLink(
  layout: StackLayout,
  supervisor: SupervisorClient,
  fault: SlowFault,
  words: readonly string[],
): Promise<void> {
  for (const { site, from } of listDetours(layout, fault)) {
    const ports = await listPorts(site);
    await supervisor.ensure(proxySpec(site, from, fault.ms, ports));
    const last = proxyPort(ports.at(-1) ?? API_PORT);
    await waitUntil(`the proxy of ${site.name}`, 20_000, () =>
      succeeds('sh', ['-c', `ss -Hltn "sport = :${last}" | grep -q .`], { netns: site.netns }),
    );
    const addresses = addressesOf(layout, from);
    await addRules(planDetour(site, addresses, ports, words));
    for (const address of addresses) {
      // Without its entry an open connection is led to the proxy too, which knows nothing of it and resets it.
      await runCommand('conntrack', ['-D', '-p', 'tcp', '--orig-src', address, '--orig-dst', site.address], {
        netns: site.netns,
      }).catch(() => '');
    }
  }
}

/** Ends the proxies, and with them what goes through them. */
export async function endSlowLink(
  layout: StackLayout,
  supervisor: SupervisorClient,
  fault: SlowFault,
): Promise<void> {
  for (const { site, from } of listDetours(layout, fault)) await supervisor.remove(proxyName(site, from));
}

/** Rules that lead to the proxy. Pure. */
export function planDetour(
  { netns, address }: MemberLayout,
  sources: readonly string[],
  ports: readonly number[],
  words: readonly string[],
): FilterRule[] {
  return sources.flatMap((source) =>
    ports.map((port): FilterRule => ({
      netns,
      table: 'nat',
      chain: 'PREROUTING',
      rule: [
        ...['-s', `${source}/32`, '-d', `${address}/32`, '-i', 'eth0', '-p', 'tcp', '-m', 'tcp'],
        ...['--dport', String(port), ...markOf(words), '-j', 'REDIRECT'],
        ...['--to-ports', String(proxyPort(port))],
      ],
    })),
  );
}

function listDetours(layout: StackLayout, { one, other }: SlowFault): Detour[] {
  return [
    { to: one, from: other },
    { to: other, from: one },
  ].flatMap(({ to, from }) => {
    const site = findMember(layout, to);
    return site === undefined ? [] : [{ site, from }];
  });
}

/** One that nothing else has: NodePorts begin at 30000. */
const proxyPort = (port: number): number => (port < 30_000 ? port + 10_000 : port - 10_000);

const proxyName = (site: MemberLayout, from: string): string => `${site.name}-slow-${from}`;

function proxySpec(site: MemberLayout, from: string, ms: number, ports: readonly number[]): ProcessRequest {
  return {
    name: proxyName(site, from),
    stage: STAGE.node,
    netns: site.netns,
    env: PLAIN_ENV,
    command: [
      process.execPath,
      join(packageFolder(), 'dist', 'local', 'faults', 'delay-proxy-main.js'),
      ...[String(ms), site.address],
      ...ports.map((port) => `${proxyPort(port)}=${port}`),
    ],
  };
}

async function listPorts(site: MemberLayout): Promise<readonly number[]> {
  const kube = kubeOf(site.kubeconfig);
  try {
    const { items } = await kube.list(KINDS.service, {}, serviceSchema);
    return [
      API_PORT,
      ...items.flatMap(({ spec }) => spec.ports.flatMap(({ nodePort }) => nodePort ?? [])).sort(),
    ];
  } finally {
    kube.transport.close();
  }
}
