/** Shapes in which a secret may hide in text: plain, escaped for JSON, for URLs, in base64, also of base64 (Secrets in payloads). */
export function listSecretForms(secret: string): readonly string[] {
  const plain = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), encodeURI(secret)];
  const once = plain.flatMap(encodeAnywhere);
  return [...new Set([...plain, ...once, ...once.flatMap(encodeAnywhere)])];
}

/** Base64 of a text that stands somewhere inside a longer one: it looks different by where it begins, in three ways. */
function encodeAnywhere(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // First and last characters also depend on the neighbours.
    const first = Math.ceil((before * 8) / 6);
    const last = (before + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1;
    return encoded.slice(first, last);
  });
}
