/** The API server's words about a StatefulSet, with the fields called as they are in a MongoDB. */
export function describeRefusal(message: string): string {
  const fields = message
    .replace(/spec\.template\.spec\.containers\[0\]\.resources/g, 'spec.resources')
    .replace(/spec\.template\.spec\./g, 'spec.podSpec.');
  return `The API server refuses what the spec asks for: ${fields}. Correct the field that it names.`;
}
