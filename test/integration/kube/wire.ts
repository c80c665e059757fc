import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { createKube, type Kube } from '../../../src/kube/client';
import type { ApiServer } from '../../support/api-server';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy';

export interface Wire {
  /** Straight to the server. */
  readonly direct: Kube;
  /** Over the proxy. */
  readonly proxied: Kube;
  readonly proxy: TcpProxy;
  stop(): Promise<void>;
}

export async function wireTo(server: ApiServer): Promise<Wire> {
  const proxy = await startTcpProxy(Number(new URL(server.url).port));
  const text = readFileSync(server.kubeconfigPath, 'utf8');
  const direct = createKube(configOf(text));
  const proxied = createKube(configOf(text.replace(server.url, `https://127.0.0.1:${proxy.port}`)));
  return {
    direct,
    proxied,
    proxy,
    stop: async () => {
      direct.transport.close();
      proxied.transport.close();
      await proxy.stop();
    },
  };
}

function configOf(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}
