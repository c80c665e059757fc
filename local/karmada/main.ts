import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { installKarmada } from './install';
import { DEFAULT_TIMING, startKarmada } from './karmada';
import { messageOf } from './kube/connection';
import { registerCluster } from './register';

const USAGE = `Stand-in for the controllers, scheduler and webhook of Karmada 1.18 beside a bare kube-apiserver.

  main.js [run] --kubeconfig FILE [--webhook-address HOST:PORT --cert-dir DIR]
                [--cluster-status-period 5s] [--failure-threshold 10s] [--success-threshold 5s] [--discovery-period 30s]
                [--log-level info]
  main.js install  --kubeconfig FILE [--webhook-address HOST:PORT --cert-dir DIR]
  main.js register --kubeconfig FILE --name NAME --member-kubeconfig FILE [--label KEY=VALUE ...] [--region R] [--zone Z] [--token T]
`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** @throws Error naming the flag */
function readDuration(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined)
    throw new Error(`--${flag} ${text}: write a duration like 500ms, 5s or 1m.`);
  return Number(match[1]) * unit;
}

function readLabels(pairs: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new Error(`--label ${pair}: write KEY=VALUE.`);
    labels[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return labels;
}

function need(flag: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new Error(`--${flag} is missing.\n\n${USAGE}`);
  return value;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kubeconfig: { type: 'string' },
      'webhook-address': { type: 'string' },
      'cert-dir': { type: 'string' },
      'cluster-status-period': { type: 'string' },
      'failure-threshold': { type: 'string' },
      'success-threshold': { type: 'string' },
      'discovery-period': { type: 'string' },
      'log-level': { type: 'string', default: 'info' },
      name: { type: 'string' },
      'member-kubeconfig': { type: 'string' },
      label: { type: 'string', multiple: true, default: [] },
      region: { type: 'string' },
      zone: { type: 'string' },
      token: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const kubeconfig = need('kubeconfig', values.kubeconfig);
  const webhook = { webhookAddress: values['webhook-address'], certDir: values['cert-dir'] };
  if ((webhook.webhookAddress === undefined) !== (webhook.certDir === undefined)) {
    throw new Error('--webhook-address and --cert-dir belong together: give both or none.');
  }
  const command = positionals[0] ?? 'run';
  switch (command) {
    case 'install':
      await installKarmada({ kubeconfig, ...webhook });
      return;
    case 'register':
      await registerCluster({
        karmada: kubeconfig,
        name: need('name', values.name),
        member: need('member-kubeconfig', values['member-kubeconfig']),
        labels: readLabels(values.label),
        region: values.region,
        zone: values.zone,
        token: values.token,
      });
      return;
    case 'run': {
      const log = pino({ name: 'karmada-stand-in', level: values['log-level'] });
      const karmada = await startKarmada({
        kubeconfig,
        ...webhook,
        log,
        timing: {
          clusterStatusPeriodMs: readDuration(
            'cluster-status-period',
            values['cluster-status-period'],
            DEFAULT_TIMING.clusterStatusPeriodMs,
          ),
          failureThresholdMs: readDuration(
            'failure-threshold',
            values['failure-threshold'],
            DEFAULT_TIMING.failureThresholdMs,
          ),
          successThresholdMs: readDuration(
            'success-threshold',
            values['success-threshold'],
            DEFAULT_TIMING.successThresholdMs,
          ),
          discoveryPeriodMs: readDuration(
            'discovery-period',
            values['discovery-period'],
            DEFAULT_TIMING.discoveryPeriodMs,
          ),
        },
      });
      const stop = (): void => {
        karmada.stop().then(
          () => process.exit(0),
          () => process.exit(1),
        );
      };
      process.once('SIGTERM', stop);
      process.once('SIGINT', stop);
      return;
    }
    default:
      throw new Error(`Unknown command "${command}".\n\n${USAGE}`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});
