import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { NodeLayout, StackLayout } from '../stack/layout';
import { ctr } from '../stack/node-images';

/** The mongod of a member has ended, or runs; ms since the epoch, by the runtime's own clock. */
export interface TaskEvent {
  readonly at: number;
  readonly member: string;
  readonly what: 'start' | 'exit';
}

export interface ContainerLog {
  /** The most members whose mongod was down at one time since the last call, and came back; begins anew. */
  lap(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const CONTAINER = 'mongo';
const LINE = /^(\S+) (\S+) \+0000 UTC \S+ (\/tasks\/(?:start|exit)) (\{.*\})$/;

// An exit of something that was run inside a container has an id of its own.
const taskSchema = z.looseObject({ container_id: z.string(), id: z.string().optional() });
const infoSchema = z.looseObject({ Labels: z.record(z.string(), z.string()).default({}) });

/** Follows the event logs of all container runtimes of a stack, for the members of one instance. */
export async function startContainerLog(
  stack: StackLayout,
  namespace: string,
  name: string,
): Promise<ContainerLog> {
  const events: TaskEvent[] = [];
  const pending: Promise<void>[] = [];
  const followers: ChildProcess[] = [];

  async function memberOf(cluster: string, node: NodeLayout, id: string): Promise<string | undefined> {
    const info = await ctr(node, ['containers', 'info', id]).catch(() => undefined);
    const labels = info === undefined ? {} : infoSchema.parse(JSON.parse(info)).Labels;
    const pod = labels['io.kubernetes.pod.name'] ?? '';
    const isOurs =
      labels['io.kubernetes.pod.namespace'] === namespace &&
      labels['io.kubernetes.container.name'] === CONTAINER &&
      pod.startsWith(`${name}-mongodb-`);
    return isOurs ? `${cluster}/${pod}` : undefined;
  }

  async function follow(cluster: string, node: NodeLayout): Promise<void> {
    const names = new Map<string, Promise<string | undefined>>();
    const child = spawn('ctr', ['-a', node.containerdSocket, '-n', 'k8s.io', 'events'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    followers.push(child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const task = readTask(line);
      if (task === undefined) return;
      // By the time it ends its container may be forgotten: asked when it starts.
      if (task.what === 'start') names.set(task.id, memberOf(cluster, node, task.id));
      const named = names.get(task.id);
      if (named === undefined) return;
      pending.push(
        named.then((member) => {
          if (member !== undefined) events.push({ at: task.at, member, what: task.what });
        }),
      );
    });
    await once(child, 'spawn');
    const filter = `labels."io.kubernetes.pod.namespace"==${namespace},labels."io.kubernetes.container.name"==${CONTAINER}`;
    const running = await ctr(node, ['containers', 'ls', '-q', filter]);
    for (const id of running.split('\n').filter((line) => line !== ''))
      if (!names.has(id)) names.set(id, memberOf(cluster, node, id));
    await Promise.all(names.values());
  }

  await Promise.all(stack.members.flatMap((member) => member.nodes.map((node) => follow(member.name, node))));
  return {
    lap: async () => {
      await Promise.all(pending.splice(0));
      return mostDown(events.splice(0));
    },
    stop: async () => {
      await Promise.all(followers.map(end));
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  if (child.exitCode === null && child.kill()) await gone;
}

/** A line of `ctr events`; undefined: of something else than a container's first process. */
export function readTask(
  line: string,
): { readonly at: number; readonly what: TaskEvent['what']; readonly id: string } | undefined {
  const [, date = '', time = '', topic = '', text = ''] = LINE.exec(line) ?? [];
  if (text === '') return undefined;
  const task = taskSchema.parse(JSON.parse(text));
  if (task.id !== undefined && task.id !== task.container_id) return undefined;
  return {
    at: Date.parse(`${date}T${time.slice(0, 12)}Z`),
    what: topic === '/tasks/start' ? 'start' : 'exit',
    id: task.container_id,
  };
}

/** Who never comes back has left the set before: only what ends and starts again was down. */
export function mostDown(events: readonly TaskEvent[]): readonly string[] {
  const ordered = [...events].sort((one, other) => one.at - other.at);
  const times = ordered.flatMap(({ at, member, what }, index) => {
    if (what === 'start') return [];
    const back = ordered.slice(index + 1).find((later) => later.member === member && later.what === 'start');
    return back === undefined ? [] : [{ member, from: at, to: back.at }];
  });
  return times
    .map(({ from }) => [
      ...new Set(times.filter((one) => one.from <= from && from < one.to).map(({ member }) => member)),
    ])
    .reduce<readonly string[]>((most, down) => (down.length > most.length ? down : most), []);
}
