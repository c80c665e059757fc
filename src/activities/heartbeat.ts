import { heartbeat } from '@temporalio/activity';

const BEAT_MS = 5_000;

/** Heartbeats while `run` works, so that cancellation and a dead worker are noticed. */
export async function withHeartbeat<T>(
  what: string,
  run: (tell: (detail: string) => void) => Promise<T>,
): Promise<T> {
  let detail = what;
  const timer = setInterval(() => heartbeat(detail), BEAT_MS);
  heartbeat(detail);
  try {
    return await run((news) => {
      detail = `${what}: ${news}`;
      heartbeat(detail);
    });
  } finally {
    clearInterval(timer);
  }
}
