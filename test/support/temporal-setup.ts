import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { packageFolder } from '../../local/stack/package-folder';
import { searchAttributeArguments, temporalServerPath } from '../../local/programs/temporal';
import { freePort } from './free-port';

/** One development server and one workflow bundle for all suites of the project that names this file. */
// eslint-disable-next-line import-x/no-default-export -- Jest asks for a default export here.
export default async function setup(): Promise<void> {
  const port = await freePort();
  const server = spawn(
    await temporalServerPath(),
    [
      'server',
      'start-dev',
      '--headless',
      '--log-level',
      'error',
      '--port',
      String(port),
      ...searchAttributeArguments(),
    ],
    { stdio: 'ignore', detached: false },
  );
  const address = `127.0.0.1:${port}`;
  await waitForServer(address);
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(packageFolder(), 'src/workflows/index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  const bundle = join(mkdtempSync(join(tmpdir(), 'fedstate-bundle-')), 'bundle.js');
  writeFileSync(bundle, code);
  process.env['TEMPORAL_TEST_ADDRESS'] = address;
  process.env['TEMPORAL_TEST_BUNDLE'] = bundle;
  process.env['TEMPORAL_TEST_PID'] = String(server.pid);
}

async function waitForServer(address: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      await connection.close();
      return;
    } catch (error) {
      if (attempt >= 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
