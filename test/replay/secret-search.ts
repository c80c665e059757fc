const ENCODED = /[A-Za-z0-9+/]{12,}={0,2}/g;

/** Whether text holds a secret: plain, in a payload, or encoded once more within one, as Kubernetes keeps Secrets. */
export function holdsSecret(text: string, secret: string, layers = 2): boolean {
  if (text.includes(secret)) return true;
  if (layers === 0) return false;
  return (text.match(ENCODED) ?? []).some((encoded) =>
    holdsSecret(Buffer.from(encoded, 'base64').toString('utf8'), secret, layers - 1),
  );
}
