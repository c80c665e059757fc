import type { QuorumView, StepFacts } from '../domain/plan';
import { applyStep } from './apply-step';
import type { Fault } from './config-rules';
import { fatalClusters } from './quorum';
import { clusterIn, quorumOf, type SetState } from './set-state';

/** The set after each step, and what should be known about it. */
export interface Prefix {
  readonly step: StepFacts['kind'];
  readonly view: QuorumView;
}

export interface Simulation {
  readonly before: QuorumView;
  readonly prefixes: readonly Prefix[];
  readonly after: QuorumView;
  readonly end: SetState;
  /** The first rule that is broken, and by which step (counted from 0). */
  readonly fault?: (Fault & { readonly step: number }) | undefined;
  readonly warnings: readonly string[];
}

/**
 * Walks every prefix of a plan: S1, S2, S5, S6, S9–S14, S19 and S23 hold at each, S7 at the end unless `complete` is false; S8 is
 * told where it is missed, with the clusters whose loss would be fatal.
 */
export function simulate(steps: readonly StepFacts[], start: SetState, complete = true): Simulation {
  const before = quorumOf(start);
  const prefixes: Prefix[] = [];
  let state = start;
  for (const [index, step] of steps.entries()) {
    const applied = applyStep(state, step);
    if (!applied.ok) {
      const fault = { ...applied.fault, step: index };
      return { before, prefixes, after: quorumOf(state), end: state, fault, warnings: [] };
    }
    state = applied.state;
    prefixes.push({ step: step.kind, view: quorumOf(state) });
  }
  const after = quorumOf(state);
  // Steps that change no vote may pass over an even number; one that stays even was not planned to its end.
  const even = complete && steps.length > 0 && after.votes > 0 && after.votes % 2 === 0;
  const fault = even
    ? { rule: 'S7' as const, message: `the plan ends with ${after.votes} votes.`, step: steps.length - 1 }
    : undefined;
  return {
    before,
    prefixes,
    after,
    end: state,
    fault,
    warnings: [...passingWarnings(prefixes, before, after), ...endWarnings(state, after)],
  };
}

/** Stretches of steps during which a cluster is fatal that is not so before or after (S8). */
function passingWarnings(prefixes: readonly Prefix[], before: QuorumView, after: QuorumView): string[] {
  const known = new Set([...fatalClusters(before), ...fatalClusters(after)]);
  const clusters = new Set(prefixes.flatMap(({ view }) => fatalClusters(view)));
  return [...clusters]
    .filter((cluster) => !known.has(cluster) && after.votes > 0 && before.votes > 0)
    .map((cluster) => {
      const at = prefixes.flatMap(({ view }, index) =>
        fatalClusters(view).includes(cluster) ? [index + 1] : [],
      );
      return `After step ${at.join(', ')} of ${prefixes.length} the loss of cluster ${cluster} would stop writes (S8).`;
    });
}

function endWarnings(state: SetState, after: QuorumView): string[] {
  const clusters = new Set(state.members.map((member) => clusterIn(state, member)));
  const fatal = fatalClusters(after);
  if (fatal.length === 0 || after.margin < 0) return [];
  const why =
    clusters.size < 3 ? 'no placement on fewer than three clusters can avoid it' : 'spread the votes further';
  return [`The loss of cluster ${fatal.join(' or ')} will stop writes (S8): ${why}.`];
}
