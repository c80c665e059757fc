import { join } from 'node:path';
import { writeArchive, type ImageArchive } from '../images/archive';
import { makePlatformImages, makeProductImages } from '../images/image-catalog';
import { obtainPrograms } from '../programs/obtain';
import { startControlPlane, startMemberServices, waitNodesReady, type ClusterContext } from './cluster';
import { controllerManagerSpec } from './cluster-specs';
import { withLock } from './file-lock';
import { startFederation } from './federation';
import { DEFAULT_MEMBERS, type MemberLayout, type StackLayout } from './layout';
import { raiseNetwork } from './network';
import { startKubelet, startRuntime } from './node';
import { packageFolder } from './package-folder';
import { makePki } from './pki';
import { checkMachine } from './preflight';
import { messageOf } from './stack-error';
import { registerStack } from './stack-registry';
import { startSupervisor } from './supervisor-client';
import { temporalSpec, waitTemporal } from './temporal-server';

export interface UpOptions {
  readonly base: string;
  readonly name: string;
  /** Names of the members, for a new stack only. */
  readonly members: readonly string[] | undefined;
  readonly tell: (line: string) => void;
}

export const lockFileOf = (base: string, name: string): string => join(base, `${name}.lock`);

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
    const layout = await registerStack(base, name, options.members, DEFAULT_MEMBERS);
    const [pki, supervisor] = await Promise.all([
      makePki(layout),
      startSupervisor(layout),
      raiseNetwork(layout),
    ]);
    const context: ClusterContext = { supervisor, programs, pki };
    tell(`starting ${layout.members.length + 1} API servers, ${layout.members.length * 2} nodes, Temporal`);
    await Promise.all([
      startTemporal(layout, context),
      startKarmada(layout, context, folder, tell),
      ...startMembers(layout, context, folder, tell),
    ]);
    return layout;
  });
}

async function startTemporal(layout: StackLayout, { supervisor }: ClusterContext): Promise<void> {
  await supervisor.ensure(await temporalSpec(layout));
  await waitTemporal(layout);
}

async function startKarmada(
  layout: StackLayout,
  context: ClusterContext,
  folder: string,
  tell: (line: string) => void,
): Promise<void> {
  const kube = await startControlPlane(layout.karmada, context);
  await context.supervisor.ensure(
    controllerManagerSpec(layout.karmada, context.programs, context.pki, 'karmada'),
  );
  await startFederation(kube, { layout, ...context, packageFolder: folder, tell });
}

function startMembers(
  layout: StackLayout,
  context: ClusterContext,
  folder: string,
  tell: (line: string) => void,
): Promise<void>[] {
  const images = makeArchives(layout, folder, tell);
  const provisioner = join(folder, 'dist', 'local', 'provisioner', 'main.js');
  return layout.members.map(async (member: MemberLayout) => {
    const started = Date.now();
    const runtimes = member.nodes.map((node) => startRuntime(node, context, images));
    const kube = await startControlPlane(member, context);
    await Promise.all([
      startMemberServices(member, kube, context, provisioner),
      ...member.nodes.map(async (node, position) => {
        await runtimes[position];
        await startKubelet(node, member, context);
      }),
    ]);
    await waitNodesReady(member, kube);
    kube.transport.close();
    tell(`${member.name} is Ready (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  });
}

/** A source tree that does not build yet must not keep the clusters from starting: the image is left out, loudly. */
async function makeArchives(
  layout: StackLayout,
  folder: string,
  tell: (line: string) => void,
): Promise<readonly ImageArchive[]> {
  const product = makeProductImages(folder).then(
    (set) => [set],
    (error: unknown) => {
      tell(`the fedstate image was not made: ${messageOf(error).split('\n').slice(0, 2).join(' ')}`);
      return [];
    },
  );
  const sets = [await makePlatformImages(folder), ...(await product)];
  return Promise.all(sets.map((set) => writeArchive(set, layout.imageFolder)));
}
