import { runCommand } from '../stack/command';

/** kubectl bound to one cluster: what an administrator would type. */
export interface Kubectl {
  run(args: readonly string[], input?: string): Promise<string>;
  /** Server-side apply of files or folders, or of a text given as input. */
  apply(paths: readonly string[]): Promise<void>;
  applyText(text: string): Promise<void>;
}

export function createKubectl(program: string, kubeconfig: string): Kubectl {
  const run = (args: readonly string[], input?: string): Promise<string> =>
    runCommand(program, ['--kubeconfig', kubeconfig, ...args], {
      timeoutMs: 120_000,
      ...(input === undefined ? {} : { input }),
    });
  const applyArgs = ['apply', '--server-side', '--force-conflicts'];
  return {
    run,
    // One call for all: kubectl keeps their order, and each call costs a start and a look at what is served.
    apply: async (paths) => {
      await run([...applyArgs, ...paths.flatMap((path) => ['-f', path])]);
    },
    applyText: async (text) => {
      await run([...applyArgs, '-f', '-'], text);
    },
  };
}
