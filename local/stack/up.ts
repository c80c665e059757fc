import { nameFault } from '../faults/fault';
import { openFaultKit } from '../faults/fault-kit';
import { installFedState } from '../install/fedstate';
import { obtainPrograms } from '../programs/obtain';
import { listArchives, makeArchives, type Archives } from './archives';
import { auditFlags } from './audit';
import { startControlPlane, startMemberServices, waitNodesReady, type ClusterContext } from './cluster';
import { controllerManagerSpec } from './cluster-specs';
import { writeEnvironment } from './environment-file';
import { karmadaSpec, registerMember } from './federation';
import { withLock } from './file-lock';
import type { MemberLayout, StackLayout } from './layout';
import { raiseNetwork } from './network';
import { startKubelet, startRuntime } from './node';
import { packageFolder } from './package-folder';
import { makePki } from './pki';
import { checkMachine } from './preflight';
import { StackError } from './stack-error';
import { lockFileOf, registerStack } from './stack-registry';
import { startSupervisor } from './supervisor-client';
import { temporalSpec, waitTemporal } from './temporal-server';
import { bundleWorkflows } from './workflow-bundle';

export interface UpOptions {
  readonly base: string;
  readonly name: string;
  /** Names of the members, for a new stack only. */
  readonly members: readonly string[] | undefined;
  /** Whether FedState itself is installed and started: else only clusters, Karmada and Temporal. */
  readonly withRoles: boolean;
  readonly tell: (line: string) => void;
}

interface Upbringing {
  readonly layout: StackLayout;
  readonly context: ClusterContext;
  readonly folder: string;
  readonly tell: (line: string) => void;
}

/**
 * Brings the whole stack up, or up again: what runs stays, what is missing starts, data is kept.
 * @throws StackError (3) when this machine cannot run it
 */
export async function bringUp(options: UpOptions): Promise<StackLayout> {
  const { base, name, tell } = options;
  await checkMachine(tell);
  const folder = packageFolder();
  const programs = await obtainPrograms({ packageFolder: folder, tell });
  return withLock(lockFileOf(base, name), 120_000, async () => {
    const layout = await registerStack(base, name, { members: options.members });
    const [pki, supervisor] = await Promise.all([
      makePki(layout),
      startSupervisor(layout),
      raiseNetwork(layout),
    ]);
    await healWhatLasts(layout, tell);
    const context: ClusterContext = { supervisor, programs, pki };
    const upbringing: Upbringing = { layout, context, folder, tell };
    const clusters = layout.members.length;
    tell(`starting ${clusters} member clusters with ${clusters * 2} nodes, Karmada, Temporal`);
    const archives = makeArchives(layout, folder);
    const karmada = startKarmada(upbringing);
    const bundle = options.withRoles ? bundleWorkflows(folder) : Promise.resolve();
    await Promise.all([
      startTemporal(upbringing),
      karmada,
      archives,
      bundle,
      ...layout.members.map((member) => startMember(member, upbringing, archives, karmada)),
    ]);
    if (options.withRoles) {
      const { product } = await archives;
      if (typeof product === 'string') {
        throw new StackError(
          `The clusters are up, FedState is not installed: its image was not made: ${product}`,
        );
      }
      const imageDigest = product.digests.join(',');
      await installFedState({ layout, programs, supervisor, home: folder, imageDigest, tell });
    }
    writeEnvironment(layout);
    return layout;
  });
}

/** What is stopped starts below, as everything that is missing does. */
async function healWhatLasts(layout: StackLayout, tell: (line: string) => void): Promise<void> {
  const kit = openFaultKit(layout);
  for (const fault of await kit.list()) {
    if (fault.verb === 'stop') continue;
    await kit.heal(fault);
    tell(`healed: ${nameFault(fault)}`);
  }
}

async function startTemporal({ layout, context }: Upbringing): Promise<void> {
  await context.supervisor.ensure(await temporalSpec(layout));
  await waitTemporal(layout);
}

async function startKarmada({ layout, context, folder }: Upbringing): Promise<void> {
  const kube = await startControlPlane(layout.karmada, context, auditFlags(layout, layout.karmada));
  kube.transport.close();
  await Promise.all([
    context.supervisor.ensure(
      controllerManagerSpec(layout.karmada, context.programs, context.pki, 'karmada'),
    ),
    context.supervisor.ensure(karmadaSpec(layout, context.pki, folder)),
  ]);
}

async function startMember(
  member: MemberLayout,
  { layout, context, folder, tell }: Upbringing,
  archives: Promise<Archives>,
  karmada: Promise<void>,
): Promise<void> {
  const started = Date.now();
  const files = archives.then(listArchives);
  const runtimes = member.nodes.map((node) => startRuntime(node, context, files));
  const kube = await startControlPlane(member, context, auditFlags(layout, member));
  await Promise.all([
    startMemberServices(member, kube, context, folder, member === layout.members[0]),
    karmada.then(() => registerMember(layout, member)),
    ...member.nodes.map(async (node, position) => {
      await runtimes[position];
      await startKubelet(node, member, context);
    }),
  ]);
  await waitNodesReady(member, kube, context.supervisor);
  kube.transport.close();
  tell(`${member.name} is Ready (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
