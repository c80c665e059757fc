import { spawn, type ChildProcess } from 'node:child_process';
import { Connection } from '@temporalio/client';
import { searchAttributeArguments, temporalServerPath } from '../../local/programs/temporal';

/** A Temporal development server of one suite's own, in memory. */
export interface TemporalServer {
  readonly address: string;
  /** kill -9; everything in it is gone. */
  kill(): Promise<void>;
}

/**
 * @param withAttributes false: as a site that forgot to register them
 * @param settings its dynamic configuration, e.g. `limit.historyCount.suggestContinueAsNew=50`
 */
export async function startTemporalServer(
  port: number,
  withAttributes = true,
  settings: readonly string[] = [],
): Promise<TemporalServer> {
  const child: ChildProcess = spawn(
    await temporalServerPath(),
    [
      ...['server', 'start-dev', '--headless', '--log-level', 'error', '--port', String(port)],
      ...(withAttributes ? searchAttributeArguments() : []),
      ...settings.flatMap((setting) => ['--dynamic-config-value', setting]),
    ],
    { stdio: 'ignore' },
  );
  const address = `127.0.0.1:${port}`;
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      await connection.close();
      return { address, kill };
    } catch (error) {
      if (attempt < 80) await new Promise((resolve) => setTimeout(resolve, 250));
      else {
        await kill();
        throw error;
      }
    }
  }
}
