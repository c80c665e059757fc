import { nameOf, type Boundary } from './boundary';
import type { Fault } from './faults';
import { createRandom, shuffle } from './random';
import type { SubjectSpec } from './subject';

/** One instance from creation to removal, and where its fault strikes in each, in the order of the boundaries. */
export interface LifePlan {
  readonly name: string;
  readonly create: readonly Boundary[];
  readonly delete: readonly Boundary[];
  readonly spec: SubjectSpec;
}

/** Lives side by side that share their faults: held at their boundaries, struck at once. */
export interface Volley {
  readonly fault: Fault;
  readonly lives: readonly LifePlan[];
}

export interface MatrixFacts {
  readonly faults: readonly Fault[];
  readonly create: readonly Boundary[];
  readonly delete: readonly Boundary[];
  readonly seed: number;
  readonly image: string;
  /** Lives in one volley. */
  readonly together: number;
  /** Strokes in each operation of one life. */
  readonly strokes: number;
  /** At most so many lives; undefined: all. */
  readonly lives: number | undefined;
}

/**
 * Every fault at every boundary of creation and of removal, in as few lives as the longer of both needs. Neighbours in a
 * volley are held at neighbouring boundaries, so that none is held for long; volleys come in the seed's order, so that
 * the first ones are spread over the whole.
 */
export function planMatrix(facts: MatrixFacts): Volley[] {
  const random = createRandom(facts.seed);
  const creations = dealBoundaries(facts.create, facts);
  const removals = dealBoundaries(facts.delete, facts);
  const length = Math.max(creations.length, removals.length);
  const volleys = facts.faults.flatMap((fault) => {
    const offset = Math.floor(random() * length);
    const keep = random() < 0.5;
    const lives = Array.from({ length }, (_, index): LifePlan => ({
      name: `${fault.name}-${index}`,
      create: creations[index % creations.length] ?? [],
      delete: removals[(index + offset) % removals.length] ?? [],
      spec: { image: facts.image, whenDeleted: (index % 2 === 0) === keep ? 'Retain' : 'Delete' },
    }));
    return chunk(lives, facts.together).map((some): Volley => ({ fault, lives: some }));
  });
  return limit(shuffle(volleys, random), facts.lives ?? Infinity);
}

/** What each life of an operation is struck at: a volley goes through its boundaries abreast. */
export function dealBoundaries(
  boundaries: readonly Boundary[],
  { strokes, together }: Pick<MatrixFacts, 'strokes' | 'together'>,
): readonly (readonly Boundary[])[] {
  return chunk(boundaries, strokes * together).flatMap((some) => {
    const abreast = Math.min(together, some.length);
    return Array.from({ length: abreast }, (_, place) => some.filter((_one, at) => at % abreast === place));
  });
}

/** Boundaries whose name holds the text; all without one. */
export const filterBoundaries = (boundaries: readonly Boundary[], text: string | undefined): Boundary[] =>
  boundaries.filter((boundary) => text === undefined || nameOf(boundary).includes(text));

export function chunk<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let index = 0; index < items.length; index += size) chunks.push(items.slice(index, index + size));
  return chunks;
}

function limit(volleys: readonly Volley[], lives: number): Volley[] {
  const kept: Volley[] = [];
  let left = lives;
  for (const volley of volleys) {
    if (left <= 0) break;
    kept.push({ ...volley, lives: volley.lives.slice(0, left) });
    left -= volley.lives.length;
  }
  return kept;
}
