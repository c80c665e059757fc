import { nameFault } from '../faults/fault';
import { openFaultKit } from '../faults/fault-kit';
import { kubeOf } from './kubeconfig';
import { listReadyNodes } from './cluster';
import type { MemberLayout, StackLayout } from './layout';
import { isCut } from './network';
import { identify } from './process-identity';
import type { ProcessRecord } from './process-spec';
import { findSupervisor, readProcessTable } from './supervisor-client';
import { formatAge, formatTable } from './table';

/** Text of `status`: processes, clusters, where to look. Reads only. */
export async function describeStack(layout: StackLayout): Promise<string> {
  const records = readProcessTable(layout);
  const supervisor = findSupervisor(layout);
  const clusters = await Promise.all(
    layout.members.map(async (member) => [
      member.name,
      await describeMember(member, layout.attached),
      member.address,
      member.kubeconfig,
    ]),
  );
  return [
    `stack ${layout.name}: ${supervisor === undefined ? 'not supervised (down)' : `supervisor pid ${supervisor.pid}`}`,
    '',
    formatTable([['PROCESS', 'PID', 'UP', 'RESTARTS', 'NOTE'], ...records.map(describeProcess)]),
    '',
    formatTable([
      ['CLUSTER', 'STATE', 'ADDRESS', 'KUBECONFIG'],
      [
        'karmada',
        await describeKarmada(layout),
        layout.attached ? '-' : layout.karmada.address,
        layout.karmada.kubeconfig,
      ],
      ...clusters,
    ]),
    '',
    ...(await describeFaults(layout)),
    `Temporal ${layout.temporal.address}, UI ${layout.temporal.uiUrl}`,
    `logs in ${layout.logFolder}`,
  ].join('\n');
}

async function describeFaults(layout: StackLayout): Promise<readonly string[]> {
  const faults = await openFaultKit(layout).list();
  return faults.length === 0 ? [] : [`faults in force: ${faults.map(nameFault).join(', ')}`, ''];
}

function describeProcess(record: ProcessRecord): readonly string[] {
  const { pid, startTicks, startedAt, restarts, wanted, lastExit, spec } = record;
  const alive = pid !== undefined && identify(pid)?.startTicks === startTicks;
  const note = alive ? '' : wanted === 'stopped' ? 'stopped' : `ended: ${lastExit ?? 'unknown'}`;
  return [
    spec.name,
    alive ? String(pid) : '-',
    alive && startedAt !== undefined ? formatAge(Date.now() - Date.parse(startedAt)) : '-',
    String(restarts),
    note,
  ];
}

async function describeMember(member: MemberLayout, isAttached: boolean): Promise<string> {
  if (!isAttached && (await isCut(member))) return 'cut';
  try {
    const ready = await listReadyNodes(kubeOf(member.kubeconfig));
    if (isAttached) return `${ready.size} nodes Ready`;
    return ready.size === member.nodes.length
      ? 'Ready'
      : `${ready.size} of ${member.nodes.length} nodes Ready`;
  } catch {
    return 'not reachable';
  }
}

async function describeKarmada(layout: StackLayout): Promise<string> {
  try {
    await kubeOf(layout.karmada.kubeconfig).transport.request({
      method: 'GET',
      path: '/readyz',
      timeoutMs: 2_000,
    });
    return 'Ready';
  } catch {
    return 'not reachable';
  }
}
