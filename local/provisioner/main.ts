import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { createKube } from '../../src/kube/client';
import { createKeyedQueue } from '../../src/kube/keyed-queue';
import { KINDS } from '../../src/kube/object';
import { watchObjects } from '../../src/kube/watch';
import { discardVolume, serveClaim } from './provision';
import { claimSchema, classSchema, PROVISIONER, volumeKind, volumeNameOf, volumeSchema } from './volume';

/** `main.js --kubeconfig FILE --node NAME=FOLDER …`: makes, grows and deletes `local` volumes of one cluster. */
function main(): void {
  const { values } = parseArgs({
    options: { kubeconfig: { type: 'string' }, node: { type: 'string', multiple: true } },
  });
  if (values.kubeconfig === undefined || values.node === undefined) {
    throw new Error('Usage: main.js --kubeconfig FILE --node NAME=FOLDER …');
  }
  const folders = new Map(values.node.map(parseNode));
  const config = new KubeConfig();
  config.loadFromFile(values.kubeconfig);
  const kube = createKube(config);

  const queue = createKeyedQueue({
    concurrency: 4,
    longestBackoffMs: 10_000,
    run: async (key) => {
      const did = await work(key);
      if (did !== undefined) say(did);
      return undefined;
    },
    onError: (key, error) => say(`${key}: ${error instanceof Error ? error.message : String(error)}`),
  });
  const onVolume = (name: string): void => {
    queue.add(`volume ${name}`);
    const claim = volumes.get(name)?.spec.claimRef;
    if (claim?.namespace !== undefined && claim.name !== undefined) {
      queue.add(`claim ${claim.namespace}/${claim.name}`);
    }
  };
  const classes = watchObjects(kube, KINDS.storageClass, classSchema, {
    onChange: () => {
      for (const claim of claims.list()) {
        queue.add(`claim ${claim.metadata.namespace ?? ''}/${claim.metadata.name}`);
      }
    },
  });
  const volumes = watchObjects(kube, volumeKind, volumeSchema, { onChange: onVolume });
  const claims = watchObjects(kube, KINDS.persistentVolumeClaim, claimSchema, {
    onChange: (key) => queue.add(`claim ${key}`),
  });

  async function work(key: string): Promise<string | undefined> {
    const [kind = '', name = ''] = key.split(' ');
    await Promise.all([classes.synced, volumes.synced, claims.synced]);
    if (kind === 'volume') {
      const volume = volumes.get(name);
      return volume === undefined ? undefined : discardVolume(kube, volume, folders);
    }
    const claim = claims.get(name);
    if (claim === undefined) return undefined;
    const own = volumes.get(volumeNameOf(claim));
    return serveClaim(
      kube,
      claim,
      new Map(classes.list().map((item) => [item.metadata.name, item])),
      own,
      folders,
    );
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));
  say(`serving ${PROVISIONER} for ${[...folders.keys()].join(', ')}`);
}

function parseNode(text: string): readonly [string, string] {
  const [name, folder] = text.split('=');
  if (name === undefined || folder === undefined) throw new Error(`--node ${text}: use NAME=FOLDER`);
  return [name, folder];
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
}

main();
