import type { Environment } from './environment';
import { startContainerLog } from '../../local/chaos/container-log';
import { startVoterWatch, type VoterWatch } from '../../local/chaos/voter-watch';
import { startWriter, type WriterResult } from '../../local/chaos/writer';

/** A replica set under writes (ten a second, `w: majority`), watched by its members and by the container runtimes. */
export interface WrittenSet {
  readonly voters: VoterWatch;
  /** Longest time between two acknowledged writes since the last call of this or of `hold`, ms. */
  lapWriter(): number;
  /** Carries out `act`. @throws when two voters were away at one time meanwhile (S2) */
  hold<T>(what: string, act: () => Promise<T>): Promise<T>;
  /** Ends the writes and reads them back. */
  stopWriter(): Promise<WriterResult>;
  /** Ends all watching, and tells how long each change took and writes stood still. */
  stop(): Promise<void>;
}

export async function startWrittenSet(
  environment: Environment,
  namespace: string,
  name: string,
  uri: string,
): Promise<WrittenSet> {
  const writer = await startWriter(uri, 'written');
  const voters = await startVoterWatch(uri);
  // Of clusters of others only the members' own word is known.
  const containers =
    environment.stack === undefined || environment.stack.attached
      ? undefined
      : await startContainerLog(environment.stack, namespace, name);
  const outages: string[] = [];
  return {
    voters,
    lapWriter: () => writer.lap(),
    async hold(what, act) {
      writer.lap();
      voters.lap();
      await containers?.lap();
      const begun = Date.now();
      const result = await act();
      const seconds = Math.round((Date.now() - begun) / 1000);
      const worst = voters.worst();
      const away = voters.lap();
      outages.push(
        `${what}: ${seconds} s, longest write outage ${writer.lap()} ms, ${away} voters away at most`,
      );
      const together = (await containers?.lap()) ?? [];
      if (together.length > 1)
        throw new Error(`down at one time, by their containers (S2): ${together.join(', ')}`);
      if (away > 1) throw new Error(`${away} voters were away at one time (S2): ${worst}`);
      return result;
    },
    stopWriter: () => writer.stop(),
    stop: async () => {
      process.stderr.write(`${namespace}/${name}\n${outages.map((line) => `  ${line}\n`).join('')}`);
      // Whatever failed: who still writes keeps the suite from ending.
      await Promise.allSettled([voters.stop(), writer.stop(), containers?.stop()]);
    },
  };
}
