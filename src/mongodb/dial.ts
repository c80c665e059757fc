import { connect } from 'node:net';
import { splitHostPort } from '../domain/address';
import { FedStateError } from '../domain/errors';

/**
 * Opens and closes a TCP connection: the driver tries a refused port again until its time is over, which makes every
 * look at a starting set seconds long.
 * @param host `host:port`, an IPv6 address in brackets
 * @throws FedStateError Unreachable, at once when nobody listens there
 */
export async function dialMember(host: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const address = splitHostPort(host);
  if (address === undefined) throw new FedStateError('Unreachable', `${host} is no host:port`, { host });
  const socket = connect({ ...address, ...(signal && { signal }) });
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
