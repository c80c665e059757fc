import { sleep } from '../stack/command';
import { nameOf } from './boundary';
import type { Fault } from './faults';
import type { Passage } from './passage';
import type { VolleyContext } from './volley-context';

/** One operation of one instance, on its way. */
export interface Walk {
  readonly name: string;
  readonly passage: Passage;
  /** Whether it has come to its end, so that no boundary of it is still to come. */
  isOver(): Promise<boolean>;
}

/** When it was struck, ms of Date.now(), by the boundary's name. */
export type Strokes = ReadonlyMap<string, number>;

const ARRIVAL_MS = 600_000;
/** Less than the time that a small activity has. */
const HOLD_MS = 25_000;
/** Between two looks whether an operation has ended without coming to its boundary. */
const LOOK_MS = 3_000;

/**
 * Strikes whenever all stand at a boundary. One that is long in coming is left behind, so that the others are not held
 * beyond what their activities may take.
 * @returns the strokes of each, in the order of `walks`
 */
export async function strikeArrivals(
  { stack, random, signal, tell }: VolleyContext,
  fault: Fault | undefined,
  walks: readonly Walk[],
): Promise<readonly Strokes[]> {
  const all = walks.map((walk) => ({ walk, strokes: new Map<string, number>(), over: false }));
  let deadline = Date.now() + ARRIVAL_MS;
  let nextLook = Date.now() + LOOK_MS;
  while (fault !== undefined && Date.now() < deadline) {
    signal.throwIfAborted();
    const walking = all.filter(
      ({ walk, over }) => walk.passage.held() !== undefined || !(over || walk.passage.ahead().length === 0),
    );
    if (walking.length === 0) break;
    const held = walking.flatMap((one) => {
      const hold = one.walk.passage.held();
      return hold === undefined ? [] : [{ ...one, hold }];
    });
    const first = Math.min(...held.map(({ hold }) => hold.since));
    if (held.length === walking.length || Date.now() - first > HOLD_MS) {
      await fault.strike(stack, random);
      const places = held.map(({ walk, hold }) => `${walk.name} ${nameOf(hold.boundary)}`);
      tell(`${fault.name} struck: ${places.join(', ')}`);
      for (const { walk, strokes, hold } of held) {
        strokes.set(nameOf(hold.boundary), Date.now());
        walk.passage.release();
      }
      deadline = Date.now() + ARRIVAL_MS;
      continue;
    }
    await sleep(50);
    if (Date.now() < nextLook) continue;
    nextLook = Date.now() + LOOK_MS;
    for (const one of walking) {
      if (one.walk.passage.held() !== undefined || !(await one.walk.isOver())) continue;
      // Its last activities may be on their way.
      await sleep(3_000);
      if (one.walk.passage.held() === undefined) one.over = true;
    }
  }
  for (const { passage } of walks) passage.open();
  return all.map(({ strokes }) => strokes);
}
