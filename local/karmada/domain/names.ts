const EXECUTION_PREFIX = 'karmada-es-';
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

export const executionNamespaceOf = (cluster: string): string => `${EXECUTION_PREFIX}${cluster}`;

/** undefined for any other namespace */
export const clusterOfNamespace = (namespace: string): string | undefined =>
  namespace.startsWith(EXECUTION_PREFIX) ? namespace.slice(EXECUTION_PREFIX.length) : undefined;

/** Namespaces whose objects are never propagated. */
export const isReservedNamespace = (namespace: string): boolean =>
  namespace === 'karmada-system' ||
  namespace === 'karmada-cluster' ||
  namespace.startsWith(EXECUTION_PREFIX) ||
  namespace.startsWith('kube-');

/** `<name>-<kind>`; the API group is not in it (fact 5). */
export const bindingNameOf = (kind: string, name: string): string =>
  `${name}-${kind.toLowerCase()}`.replaceAll(':', '.');

/** `<name>-<hash>`, the same in every cluster and again after re-creation (fact 6). */
export function workNameOf(kind: string, name: string, namespace: string): string {
  const text = (namespace === '' ? `${name}-${kind}` : `${namespace}-${name}-${kind}`).toLowerCase();
  return `${name.replaceAll(':', '.')}-${encodeHash(text)}`;
}

function encodeHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return Array.from(
    String(hash),
    (digit) => SAFE_LETTERS[digit.charCodeAt(0) % SAFE_LETTERS.length] ?? '',
  ).join('');
}
