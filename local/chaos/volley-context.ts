import type { ChaosStack } from './chaos-stack';
import type { Gate } from './gate';
import type { Random } from './random';

export interface VolleyContext {
  readonly stack: ChaosStack;
  readonly gate: Gate;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}
