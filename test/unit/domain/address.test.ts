import fc from 'fast-check';
import { isIPv6, joinHostPort, readAddress, splitHostPort } from '../../../src/domain/address';

describe('readAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    [' 10.0.0.1 ', '10.0.0.1'],
    ['vip.east.example.com', 'vip.east.example.com'],
    ['VIP.East.Example.com', 'vip.east.example.com'],
    ['10-29-14-21', '10-29-14-21'],
    ['localhost', 'localhost'],
    ['a1', 'a1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['FD00:0:0::12', 'fd00::12'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
  ])('reads %j as %s', (text, address) => expect(readAddress(text)).toBe(address));

  it.each([
    ...[
      '',
      ' ',
      '10.0.0.256',
      '10.0.0',
      '1',
      'a.1',
      '10.0.0.1:31000',
      '[::1]:31000',
      'http://10.0.0.1',
      'a b',
      'a_b',
    ],
    ...[
      '-a',
      'a-',
      'a..b',
      '.a',
      'fe80::1%eth0',
      ':::',
      '::1::',
      '[10.0.0.1',
      'ü.example.com',
      'x'.repeat(254),
    ],
    ...['a/b', 'user@host', '10.0.0.1,10.0.0.2', '[]', ':'],
  ])('knows that %j is none', (text) => expect(readAddress(text)).toBeUndefined());

  it('reads what it has read once more as the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), (text) => {
        const read = readAddress(text);
        if (read !== undefined) expect(readAddress(read)).toBe(read);
      }),
    );
  });
});

describe('host:port', () => {
  it('comes apart as it was put together, an IPv6 address in brackets', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
        fc.integer({ min: 1, max: 65535 }),
        (text, port) => {
          const host = readAddress(text);
          if (host === undefined) return;
          const joined = joinHostPort(host, port);
          expect(joined.startsWith('[')).toBe(isIPv6(host));
          expect(splitHostPort(joined)).toEqual({ host, port });
        },
      ),
    );
  });

  it.each([
    '',
    'h',
    'h:',
    ':1',
    'h:x',
    '::1:31000',
    '[::1]',
    '[h]:1',
    '[:::]:1',
    'a,b:1',
    'u:p@h:1',
    'h:1/',
    'h:65536',
    'h h:1',
  ])('%j is none', (text) => expect(splitHostPort(text)).toBeUndefined());
});
