import { startDelayProxy } from './delay-proxy';

/** `delay-proxy-main.js MS HOST LISTEN=PORT …`, in the network namespace of a site. */
async function main(): Promise<void> {
  const [ms, host = '', ...pairs] = process.argv.slice(2);
  const passways = pairs.map((pair) => {
    const [listen, port] = pair.split('=').map(Number);
    if (listen === undefined || port === undefined) throw new Error(`${pair} is not LISTEN=PORT`);
    return { listen, host, port };
  });
  await startDelayProxy(passways, Number(ms));
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
