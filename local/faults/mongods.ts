import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { podName } from '../../src/domain/names';
import { MONGOD_PATHS } from '../../src/mongodb/mongod-paths';
import { socketAnswers } from '../stack/cluster';
import { waitUntil } from '../stack/command';
import { findMember, type NodeLayout, type StackLayout } from '../stack/layout';
import { ctr } from '../stack/node-images';
import { identify, isAlive, type ProcessIdentity } from '../stack/process-identity';
import { StackError } from '../stack/stack-error';
import type { MemberFault, MemberPlace } from './fault';
import { isFrozen } from './processes';

const CONTAINER = 'mongo';

/** A container that runs, by its node's containerd. */
interface Task {
  readonly id: string;
  readonly pid: number;
}

interface Mongod extends Task {
  readonly node: NodeLayout;
}

/** Asked of containerd, not of the API server, which may be down. @throws StackError when it does not run */
export async function strikeMongod(layout: StackLayout, { verb, member }: MemberFault): Promise<void> {
  const { node, id, pid } = await findMongod(layout, member);
  const victim = identify(pid);
  if (verb !== 'kill') await ctr(node, ['tasks', 'kill', '-s', 'SIGSTOP', '-a', id]);
  if (verb === 'freeze') return;
  if (verb === 'empty') await emptyFolder(join('/proc', String(pid), 'root', MONGOD_PATHS.data));
  await ctr(node, ['tasks', 'kill', '-s', 'SIGKILL', id]);
  await waitUntil('the end of the mongod', 10_000, () => !isVictim(victim), 10);
}

const isVictim = (victim: ProcessIdentity | undefined): boolean => victim !== undefined && isAlive(victim);

export async function thawMongod(layout: StackLayout, member: MemberPlace): Promise<void> {
  const { node, id } = await findMongod(layout, member);
  await ctr(node, ['tasks', 'kill', '-s', 'SIGCONT', '-a', id]);
}

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

async function findMongod(layout: StackLayout, place: MemberPlace): Promise<Mongod> {
  const { namespace, instance, cluster, ordinal } = place;
  const pod = podName(instance, ordinal);
  const filter = [
    `labels."io.kubernetes.pod.namespace"==${namespace}`,
    `labels."io.kubernetes.pod.name"==${pod}`,
    `labels."io.kubernetes.container.name"==${CONTAINER}`,
  ].join(',');
  for (const node of findMember(layout, cluster)?.nodes ?? []) {
    const ids = (await ctr(node, ['containers', 'ls', '-q', filter])).split('\n');
    const task = (await listTasks(node)).find(({ id }) => ids.includes(id));
    if (task !== undefined) return { ...task, node };
  }
  throw new StackError(`No mongod of ${namespace}/${pod} runs in ${cluster}.`, 2);
}

async function listTasks(node: NodeLayout): Promise<readonly Task[]> {
  return readTasks(await ctr(node, ['tasks', 'ls']));
}

/** Those that run out of the text of `ctr tasks ls`. */
export function readTasks(text: string): readonly Task[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', pid = '', status] = line.split(/\s+/);
    return status === 'RUNNING' ? [{ id, pid: Number(pid) }] : [];
  });
}

const infoSchema = z.looseObject({ Labels: z.record(z.string(), z.string()).default({}) });

/** Mongods that SIGSTOP holds. */
export async function listFrozenMongods(layout: StackLayout): Promise<readonly MemberPlace[]> {
  const found = await Promise.all(
    layout.members
      .flatMap(({ nodes }) => nodes)
      .map(async (node) => {
        if (!(await socketAnswers(node.containerdSocket))) return [];
        const frozen = (await listTasks(node)).filter(({ pid }) => isFrozen(pid));
        return Promise.all(
          frozen.map(async ({ id }) =>
            readPlace(
              node.member,
              infoSchema.parse(JSON.parse(await ctr(node, ['containers', 'info', id]))).Labels,
            ),
          ),
        );
      }),
  );
  return found.flat(2);
}

/** Of a container's labels; nothing when it is no mongod. */
export function readPlace(cluster: string, labels: Readonly<Record<string, string>>): MemberPlace[] {
  const namespace = labels['io.kubernetes.pod.namespace'];
  const { instance, ordinal } =
    /^(?<instance>.+)-mongodb-(?<ordinal>\d+|arbiter)-0$/.exec(labels['io.kubernetes.pod.name'] ?? '')
      ?.groups ?? {};
  if (labels['io.kubernetes.container.name'] !== CONTAINER) return [];
  if (namespace === undefined || instance === undefined || ordinal === undefined) return [];
  return [{ namespace, instance, cluster, ordinal: ordinal === 'arbiter' ? ordinal : Number(ordinal) }];
}
