import { connect } from 'node:net';
import { searchAttributeArguments, temporalServerPath } from '../programs/temporal';
import { PLAIN_ENV } from './cluster-specs';
import { waitUntil } from './command';
import type { StackLayout } from './layout';
import { STAGE, type ProcessRequest } from './process-spec';

/** Temporal's development server with its UI; workflows survive in its database file. */
export async function temporalSpec(layout: StackLayout): Promise<ProcessRequest> {
  const { temporal } = layout;
  return {
    name: 'temporal',
    stage: STAGE.server,
    env: PLAIN_ENV,
    graceSeconds: 10,
    command: [
      await temporalServerPath(),
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn'],
      ...['--port', String(temporal.port), '--ui-port', String(temporal.uiPort)],
      ...['--db-filename', temporal.databaseFile, ...searchAttributeArguments()],
    ],
  };
}

/** Resolves once the frontend takes connections. */
export async function waitTemporal(layout: StackLayout): Promise<void> {
  await waitUntil('Temporal', 60_000, () => acceptsConnection(layout.temporal.port));
}

function acceptsConnection(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
