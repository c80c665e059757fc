import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../programs/program-cache';
import { withLock } from './file-lock';
import { readJsonFile, writeFileAtomically } from './json-file';
import { DEFAULT_MEMBERS, planLayout, type StackLayout } from './layout';
import { StackError } from './stack-error';

const entrySchema = z.object({
  index: z.number().int().min(0).max(99),
  members: z.array(z.string()).min(1),
  temporalPort: z.number().int(),
  temporalUiPort: z.number().int(),
  /** VIPs of the members of a stack that is attached to clusters of others. */
  attached: z.record(z.string(), z.string()).optional(),
});
const registrySchema = z.object({ stacks: z.record(z.string(), entrySchema) });

export type StackEntry = z.infer<typeof entrySchema>;
type Stacks = z.infer<typeof registrySchema>['stacks'];

const MAX_STACKS = 100;
const TEMPORAL_PORT = 7233;
const TEMPORAL_UI_PORT = 8233;
/** Temporal's ports of the stack with the index n are n times this above the usual ones. */
const PORT_STEP = 10;

/** Folder of all stacks on this machine: short, since Unix sockets below it may have 108 characters. */
export function readBaseFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const named = environment['FEDSTATE_LOCAL_DIR'];
  if (named !== undefined && named !== '') return named;
  return process.getuid?.() === 0 ? '/var/lib/fedstate-local' : join(cacheFolder(), 'stacks');
}

/** Held by `up`, `down` and `reset` of one stack. */
export const lockFileOf = (base: string, name: string): string => join(base, `${name}.lock`);

const registryFile = (base: string): string => join(base, 'stacks.json');

function readStacks(base: string): Stacks {
  return readJsonFile(registryFile(base), registrySchema)?.stacks ?? {};
}

function writeStacks(base: string, stacks: Stacks): void {
  writeFileAtomically(registryFile(base), `${JSON.stringify({ stacks }, null, 2)}\n`);
}

/** Layout of a stack that was registered before; undefined otherwise. */
export function findStack(base: string, name: string): StackLayout | undefined {
  const entry = readStacks(base)[name];
  return entry === undefined ? undefined : planLayout({ name, base, ...entry });
}

export interface StackRequest {
  /** Names of the members; undefined: those that it was made with, {@link DEFAULT_MEMBERS} for a new one. */
  readonly members: readonly string[] | undefined;
  /** VIPs of members that run elsewhere. */
  readonly attached?: Readonly<Record<string, string>>;
}

/**
 * Layout of the stack, registered with a free index at its first use.
 * @throws StackError (2) when other members are asked for than the stack was made with; (1) when all indexes are taken
 */
export async function registerStack(base: string, name: string, request: StackRequest): Promise<StackLayout> {
  return withLock(`${registryFile(base)}.lock`, 10_000, async () => {
    const stacks = readStacks(base);
    const known = stacks[name];
    if (known !== undefined) refuseChange(name, known, request);
    const { attached } = request;
    const entry = {
      ...(known ?? (await chooseEntry(stacks, [...(request.members ?? DEFAULT_MEMBERS)]))),
      ...(attached === undefined ? {} : { attached: { ...attached } }),
    };
    writeStacks(base, { ...stacks, [name]: entry });
    return planLayout({ name, base, ...entry });
  });
}

function refuseChange(name: string, known: StackEntry, { members, attached }: StackRequest): void {
  const has = known.members.join(',');
  const isAttached = known.attached !== undefined;
  if (isAttached !== (attached !== undefined)) {
    const kind = isAttached ? 'is attached to clusters of others' : 'has clusters of its own';
    throw new StackError(`Stack ${name} ${kind}: reset it, or name another in FEDSTATE_STACK.`, 2);
  }
  if (members !== undefined && members.join(',') !== has) {
    throw new StackError(
      `Stack ${name} was made with the members ${has}: reset it, or name another in FEDSTATE_STACK.`,
      2,
    );
  }
}

export async function unregisterStack(base: string, name: string): Promise<void> {
  await withLock(`${registryFile(base)}.lock`, 10_000, () => {
    const rest = Object.entries(readStacks(base)).filter(([other]) => other !== name);
    writeStacks(base, Object.fromEntries(rest));
  });
}

async function chooseEntry(stacks: Stacks, members: string[]): Promise<StackEntry> {
  const taken = new Set(Object.values(stacks).map((entry) => entry.index));
  const local = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  for (let index = 0; index < MAX_STACKS; index += 1) {
    const temporalPort = TEMPORAL_PORT + index * PORT_STEP;
    const temporalUiPort = TEMPORAL_UI_PORT + index * PORT_STEP;
    if (taken.has(index) || local.some((address) => address.startsWith(`10.201.${index}.`))) continue;
    if (!(await isPortFree(temporalPort)) || !(await isPortFree(temporalUiPort))) continue;
    return { index, members, temporalPort, temporalUiPort };
  }
  throw new StackError(
    `All ${MAX_STACKS} stacks of this machine are taken: reset one of ${Object.keys(stacks).join(', ')}.`,
  );
}

function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
