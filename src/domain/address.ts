const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** An IPv4 address, an IPv6 address (in brackets or not) or a DNS name in its one spelling; undefined: none of them. */
export function readAddress(text: string): string | undefined {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1');
  if (bare.includes(':')) return readIPv6(bare);
  if (bare.length > 253 || !DNS_NAME.test(bare)) return undefined;
  // A name that ends in a number is read as an IPv4 address by everybody (RFC 1123).
  return /(^|\.)\d+$/.test(bare) && !IPV4.test(bare) ? undefined : bare;
}

export const isIPv6 = (address: string): boolean => address.includes(':');

function readIPv6(bare: string): string | undefined {
  const url = `http://[${bare}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

/** `host:port`; an IPv6 address wants brackets. */
export const joinHostPort = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

/** Inverse of {@link joinHostPort}; undefined when the text is no `host:port`. */
export function splitHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s,/@?#%:[\]]+)):(\d{1,5})$/.exec(text);
  const [, bracketed, plain, digits] = match ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65535) return undefined;
  return bracketed !== undefined && readIPv6(bracketed) === undefined ? undefined : { host, port };
}
