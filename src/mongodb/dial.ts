import { connect } from 'node:net';
import { FedStateError } from '../domain/errors';

/**
 * Opens and closes a TCP connection: the driver tries a refused port again until its time is over, which makes every
 * look at a starting set seconds long.
 * @param host `host:port`, an IPv6 address in brackets
 * @throws FedStateError Unreachable, at once when nobody listens there
 */
export async function dialMember(host: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const colon = host.lastIndexOf(':');
  const address = host.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const socket = connect({ host: address, port: Number(host.slice(colon + 1)), ...(signal && { signal }) });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
      socket.once('connect', resolve).once('error', reject);
    });
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new FedStateError('Unreachable', `${host} cannot be reached: ${reason}`, {
      host,
      action: 'connect',
      timedOut: reason.startsWith('no answer'),
    });
  } finally {
    // Whatever comes after an error is nobody's business any more.
    socket.on('error', () => undefined).destroy();
  }
}
