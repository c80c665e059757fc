import { request } from 'node:http';
import { Registry } from 'prom-client';
import { readConfig } from '../../src/config';
import { serveMetrics } from '../../src/metrics';

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['[FD00::1]', 'fd00::1'],
  ['vip.example.com', 'vip.example.com'],
  ['', undefined],
])('VIP=%s is %s', (text, address) => expect(readConfig({ VIP: text }).VIP).toBe(address));

test.each(['10.0.0.1:31000', 'http://east', 'a b', '10.0.0.256'])(
  'VIP=%s is refused by name, with what it may be',
  (text) => {
    expect(() => readConfig({ VIP: text })).toThrow(
      /must be an IPv4 or IPv6 address or a DNS name, without a port[\s\S]*VIP/,
    );
  },
);

test.each([
  ['127.0.0.1', '127.0.0.1:18099'],
  ['::1', '[::1]:18099'],
])('metrics are served at %s', async (host, address) => {
  const listener = await serveMetrics(address, new Registry());
  try {
    const status = await new Promise((resolve, reject) => {
      request({ host, port: 18099, path: '/metrics' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  } finally {
    await listener.stop();
  }
});

test('an address that is none is refused with the remedy', async () => {
  await expect(serveMetrics('no.such.host.invalid:18099', new Registry())).rejects.toThrow(
    /Choose another address/,
  );
});
