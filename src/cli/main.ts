#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import type { Client } from '@temporalio/client';
import pino from 'pino';
import type { ActivityContext } from '../activities/context';
import { readConfig } from '../config';
import { FedStateError, messageOf } from '../domain/errors';
import { parseImageReplacements } from '../domain/image';
import { createMemberAccess } from '../karmada/member-access';
import { createKube } from '../kube/client';
import { dryRun } from './plan-command';
import { readOnly } from './read-only-kube';

const USAGE = `fedstate plan -f FILE [-n NAMESPACE] [--kubeconfig FILE]

  Prints what applying FILE to Karmada would come to: placement, steps, objects. Writes nothing.
  The kubeconfig is Karmada's: --kubeconfig, else KUBECONFIG, else ~/.kube/config.
`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      file: { type: 'string', short: 'f' },
      namespace: { type: 'string', short: 'n', default: 'default' },
      kubeconfig: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || positionals[0] !== 'plan' || values.file === undefined) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const kubeConfig = new KubeConfig();
  const path = values.kubeconfig ?? process.env['KUBECONFIG'];
  if (path === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(path);
  const context = createContext(kubeConfig);
  try {
    process.stdout.write(await dryRun(context, values.file, values.namespace));
    return 0;
  } finally {
    context.karmada.transport.close();
  }
}

/** What activities work with, on a Kube that refuses to write and with nobody to tell. */
function createContext(kubeConfig: KubeConfig): ActivityContext {
  const config = readConfig(process.env);
  const userAgent = 'fedstate-plan';
  const karmada = readOnly(createKube(kubeConfig, { userAgent }));
  const members = createMemberAccess(karmada, kubeConfig, config.FEDSTATE_NAMESPACE, userAgent);
  return {
    karmada,
    members: { kubeOf: async (cluster) => readOnly(await members.kubeOf(cluster)) },
    get temporal(): Client {
      throw new FedStateError('Refused', 'A dry run starts no workflow.');
    },
    events: { record: () => Promise.resolve() },
    logger: pino({ level: 'silent' }),
    imageReplacements: parseImageReplacements(config.IMAGES_REPLACE),
    systemNamespace: config.FEDSTATE_NAMESPACE,
    now: () => new Date(),
  };
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`fedstate: ${messageOf(error)}\n`);
    process.exit(1);
  },
);
