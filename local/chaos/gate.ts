import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { reportSchema, type Report } from './report';

/** Resolves when the activity may go on. */
export type Doorkeeper = (report: Report) => Promise<void>;

/** The driver's end of the hook's socket. */
export interface Gate {
  /** Asks `doorkeeper` at every boundary of the instance's activities; without one they pass. */
  guard(instance: { readonly namespace: string; readonly name: string }, doorkeeper: Doorkeeper): void;
  forget(instance: { readonly namespace: string; readonly name: string }): void;
  /** Lets everything pass from now on, also what is held. */
  close(): Promise<void>;
}

export async function openGate(socketPath: string): Promise<Gate> {
  const doorkeepers = new Map<string, Doorkeeper>();
  const server = createServer((request, response) => {
    readReport(request)
      .then((report) => doorkeepers.get(keyOf(report.instance))?.(report))
      .then(() => response.end())
      .catch(() => response.destroy());
  });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socketPath, resolve);
  });
  return {
    guard: (instance, doorkeeper) => doorkeepers.set(keyOf(instance), doorkeeper),
    forget: (instance) => doorkeepers.delete(keyOf(instance)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        rmSync(socketPath, { force: true });
      }),
  };
}

const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

async function readReport(request: IncomingMessage): Promise<Report> {
  const parts: Buffer[] = [];
  for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part);
  return reportSchema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
}
