import { createServer } from 'node:http';
import { MongoClient } from 'mongodb';
import { Registry } from 'prom-client';
import { readOptions } from './options';
import { createReplicaMetrics, type Scrape } from './replica-metrics';

const TIMEOUT_MS = 3_000;

/** Stand-in for percona/mongodb_exporter: real metrics of the one mongod beside it, read at each scrape. */
function main(): void {
  const options = readOptions(process.argv.slice(2), process.env);
  const registry = new Registry();
  const metrics = createReplicaMetrics(registry);
  const client = new MongoClient(options.uri, {
    directConnection: true,
    serverSelectionTimeoutMS: TIMEOUT_MS,
    connectTimeoutMS: TIMEOUT_MS,
    socketTimeoutMS: TIMEOUT_MS,
    maxPoolSize: 2,
    appName: 'exporter',
  });

  async function scrape(): Promise<Scrape> {
    const admin = client.db('admin');
    const read = (command: string): Promise<unknown> =>
      admin.command({ [command]: 1 }).catch(() => undefined);
    try {
      await admin.command({ ping: 1 });
    } catch {
      return { up: false, replicaSet: undefined, server: undefined };
    }
    const [replicaSet, server] = await Promise.all([read('replSetGetStatus'), read('serverStatus')]);
    return { up: true, replicaSet, server };
  }

  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(request.url === '/' ? 200 : 404).end('mongodb exporter stand-in: see /metrics\n');
      return;
    }
    scrape()
      .then(async (result) => {
        metrics.record(result);
        response.writeHead(200, { 'content-type': registry.contentType }).end(await registry.metrics());
      })
      .catch(() => response.writeHead(500).end());
  });
  server.listen(options.port, options.host);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
}

main();
