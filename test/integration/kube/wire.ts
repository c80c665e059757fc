import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { createKube, kubeOver, type Kube } from '../../../src/kube/client';
import { createTransport } from '../../../src/kube/transport';
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

/** @param timeoutMs how long a request over the proxy waits for its answer; as long as usual when left out */
export async function wireTo(server: ApiServer, timeoutMs?: number): Promise<Wire> {
  const proxy = await startTcpProxy(Number(new URL(server.url).port));
  const text = readFileSync(server.kubeconfigPath, 'utf8');
  const direct = createKube(configOf(text));
  const throughProxy = configOf(text.replace(server.url, `https://127.0.0.1:${proxy.port}`));
  const proxied = timeoutMs === undefined ? createKube(throughProxy) : hurry(throughProxy, timeoutMs);
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

function hurry(config: KubeConfig, timeoutMs: number): Kube {
  const transport = createTransport(config);
  return kubeOver({
    ...transport,
    request: (options) => transport.request({ timeoutMs, ...options }),
    open: (options) => transport.open({ timeoutMs, ...options }),
  });
}

function configOf(text: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(text);
  return config;
}
