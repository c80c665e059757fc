import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { identify } from './process-identity';
import { messageOf } from './stack-error';
import { createSupervisor, type Supervisor } from './supervisor';
import { supervisorRequestSchema, type SupervisorAnswer } from './supervisor-protocol';

/** `supervisor-main.js RUN_FOLDER LOG_FOLDER REVISION`: the detached process that keeps one stack's processes running. */
function main(): void {
  const [runFolder, logFolder, revision] = process.argv.slice(2);
  if (runFolder === undefined || logFolder === undefined)
    throw new Error('RUN_FOLDER and LOG_FOLDER are missing');
  const socket = join(runFolder, 'supervisor.sock');
  const supervisor = createSupervisor({ tableFile: join(runFolder, 'processes.json'), logFolder });
  writeFileSync(join(runFolder, 'supervisor.json'), JSON.stringify({ ...identify(process.pid), revision }));

  const server = createServer((request, response) => {
    readText(request)
      .then((text) => answer(supervisor, text))
      .catch((error: unknown): SupervisorAnswer => ({ error: messageOf(error) }))
      .then((body) => {
        response.end(JSON.stringify(body), () => {
          if (body.done !== true) return;
          supervisor.release();
          rmSync(socket, { force: true });
          process.exit(0);
        });
      })
      .catch(() => response.destroy());
  });
  rmSync(socket, { force: true });
  server.listen(socket);
  // A closed terminal must not end the stack.
  process.on('SIGHUP', () => undefined);
}

async function answer(supervisor: Supervisor, text: string): Promise<SupervisorAnswer> {
  const request = supervisorRequestSchema.parse(JSON.parse(text));
  switch (request.verb) {
    case 'list':
      return { processes: [...supervisor.list()] };
    case 'ensure':
      await supervisor.ensure(request.spec);
      return {};
    case 'start':
      await supervisor.start(request.name);
      return {};
    case 'stop':
      await supervisor.stop(request.name);
      return {};
    case 'remove':
      await supervisor.remove(request.name);
      return {};
    case 'signal':
      if (!supervisor.signal(request.name, request.signal)) throw new Error(`${request.name} is not running`);
      return {};
    case 'leave':
      return { done: true };
  }
}

function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}

main();
