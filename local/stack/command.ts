import { execFile } from 'node:child_process';
import { StackError } from './stack-error';

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Network namespace to run in. */
  readonly netns?: string | undefined;
  readonly input?: string;
}

/** Prefix that enters a network namespace; unlike `ip netns exec` it leaves the cgroup mounts visible. */
export function inNetns(netns: string | undefined, command: readonly string[]): readonly string[] {
  return netns === undefined ? command : ['nsenter', `--net=/run/netns/${netns}`, ...command];
}

/**
 * Runs a program to its end and gives its standard output.
 * @throws StackError with the last lines of its standard error
 */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const [command = program, ...rest] = inNetns(options.netns, [program, ...args]);
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      rest,
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        timeout: options.timeoutMs ?? 0,
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const told = stderr.trim().split('\n').slice(-5).join('\n');
        reject(
          new StackError(
            `${program} ${args.slice(0, 4).join(' ')} failed: ${told === '' ? error.message : told}`,
            1,
            { cause: error },
          ),
        );
      },
    );
    if (options.input !== undefined) child.stdin?.end(options.input);
  });
}

/** Whether the command ends with code 0. */
export async function succeeds(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<boolean> {
  try {
    await runCommand(program, args, options);
    return true;
  } catch {
    return false;
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks `ready` again until it says yes.
 * @throws StackError `what` with the last reason given, after `timeoutMs`
 */
export async function waitUntil(
  what: string,
  timeoutMs: number,
  ready: () => Promise<boolean> | boolean,
  everyMs = 150,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let reason = '';
  while (Date.now() < deadline) {
    try {
      if (await ready()) return;
    } catch (error) {
      reason = error instanceof Error ? `: ${error.message}` : '';
    }
    await sleep(everyMs);
  }
  throw new StackError(`Waited ${Math.round(timeoutMs / 1000)} s in vain for ${what}${reason}`);
}
