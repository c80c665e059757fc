let taken = 0;

/**
 * Ten networks of loopback (`127.a.b`, numbers 0 to 9) that no other test file has meanwhile: a worker of Jest runs one
 * file at a time and has a number of its own, and this module is read afresh for each file.
 * @throws Error when a file asks for more than 25 times ten.
 */
export const takeNetworks = (): ((number: number) => string) => {
  const slot = Number(process.env['JEST_WORKER_ID'] ?? 0);
  const first = taken * 10;
  taken += 1;
  if (first > 240) throw new Error('no loopback networks are left for this test file');
  return (number) => `127.${100 + slot}.${first + number}`;
};
