import { type Doc, isDoc, readNumber } from '../doc';
import { CommandError } from '../error';

const termBounds: Readonly<Record<string, (term: number, bound: number) => boolean>> = {
  $eq: (term, bound) => term === bound,
  $lt: (term, bound) => term < bound,
  $lte: (term, bound) => term <= bound,
  $gt: (term, bound) => term > bound,
  $gte: (term, bound) => term >= bound,
};

/** The evaluator would compare the longs that terms are as texts: 10 before 9. */
export const byTerm = ({ t: asked, ...filter }: Doc): { filter: Doc; holds: (doc: Doc) => boolean } => {
  if (asked === undefined) return { filter, holds: () => true };
  const bounds: Doc = isDoc(asked) ? asked : { $eq: asked };
  const holds = (doc: Doc): boolean => {
    const term = readNumber(doc, 't');
    return Object.keys(bounds).every((key) => {
      const [compare, bound] = [termBounds[key], readNumber(bounds, key)];
      if (compare === undefined || bound === undefined)
        throw new CommandError(2, `this stand-in cannot evaluate ${key} of a term`);
      return term !== undefined && compare(term, bound);
    });
  };
  return { filter, holds };
};
