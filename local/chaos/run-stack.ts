import { resetStack } from '../stack/down';
import { DEFAULT_MEMBERS, type StackLayout } from '../stack/layout';
import { StackError } from '../stack/stack-error';
import { readStackName } from '../stack/stack-name';
import { findStack, readBaseFolder } from '../stack/stack-registry';
import { bringUp } from '../stack/up';

const DEFAULT_STACK = 'chaos';

export const say = (line: string): void => {
  process.stdout.write(`${new Date().toTimeString().slice(0, 8)}  ${line}\n`);
};

const readRunName = (): string => readStackName({ FEDSTATE_STACK: DEFAULT_STACK, ...process.env });

/** Sites that the stack of the run has, or will have. */
export const readRunSites = (): readonly string[] =>
  findStack(readBaseFolder(process.env), readRunName())?.members.map(({ name }) => name) ?? DEFAULT_MEMBERS;

/** Runs `body` on the stack of the run, which is removed afterwards unless it was there before. */
export async function withRunStack(
  body: (layout: StackLayout, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const base = readBaseFolder(process.env);
  const name = readRunName();
  const isNew = findStack(base, name) === undefined;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say('interrupted: cleaning up');
      interrupt.abort(new StackError('interrupted', 1));
    });
  }
  try {
    const layout = await bringUp({ base, name, members: undefined, withRoles: true, tell: say });
    return await body(layout, interrupt.signal);
  } finally {
    if (isNew) await resetStack(base, name);
  }
}
