import { isConditionTrue } from './conditions';
import { addQuantities, parseQuantity, printQuantity, type Quantities, type Quantity } from './quantity';
import { listAt, objectAt, stringAt, type Json, type JsonObject } from '../kube/json';
import type { KubeObject } from '../kube/object';

/** `nodeSummary`: a cordoned node still counts in both (fact 68). */
export function summarizeNodes(nodes: readonly KubeObject[]): JsonObject {
  const ready = nodes.filter((node) => isConditionTrue(node.raw, 'Ready')).length;
  return {
    ...(nodes.length > 0 ? { totalNum: nodes.length } : {}),
    ...(ready > 0 ? { readyNum: ready } : {}),
  };
}

/** `resourceSummary`: allocated = requests of bound pods, allocating = of pending ones; what is zero is absent (fact 68). */
export function summarizeResources(
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
  models: readonly Json[],
): JsonObject {
  const isOver = (pod: KubeObject): boolean =>
    ['Succeeded', 'Failed'].includes(stringAt(pod.raw, 'status', 'phase') ?? '');
  const nodeOf = (pod: KubeObject): string => stringAt(pod.raw, 'spec', 'nodeName') ?? '';
  const bound = pods.filter((pod) => nodeOf(pod) !== '' && !isOver(pod));
  const pending = pods.filter((pod) => nodeOf(pod) === '');
  const allocatable = nodes.reduce<Quantities>(
    (sum, node) => addQuantities(sum, readAmounts(objectAt(node.raw, 'status', 'allocatable'))),
    new Map(),
  );
  const summary: JsonObject = {};
  putAmounts(summary, 'allocatable', allocatable);
  putAmounts(summary, 'allocating', requestsOf(pending));
  putAmounts(summary, 'allocated', requestsOf(bound));
  if (models.length > 0) {
    const free = nodes.map((node) =>
      addQuantities(
        readAmounts(objectAt(node.raw, 'status', 'allocatable')),
        requestsOf(bound.filter((pod) => nodeOf(pod) === node.name)),
        -1,
      ),
    );
    summary['allocatableModelings'] = countGrades(free, models);
  }
  return summary;
}

function requestsOf(pods: readonly KubeObject[]): Quantities {
  const sum = pods.reduce<Quantities>((all, pod) => addQuantities(all, podRequests(pod)), new Map());
  return pods.length === 0
    ? sum
    : new Map([...sum, ['pods', { milli: BigInt(pods.length) * 1000n, binary: false }]]);
}

/** Containers together, or the largest init container if that is more. */
function podRequests(pod: KubeObject): Quantities {
  const amounts = (container: Json): Quantities => readAmounts(objectAt(container, 'resources', 'requests'));
  const running = listAt(pod.raw, 'spec', 'containers').reduce<Quantities>(
    (sum, container) => addQuantities(sum, amounts(container)),
    new Map(),
  );
  const most = new Map(running);
  for (const container of listAt(pod.raw, 'spec', 'initContainers')) {
    for (const [name, amount] of amounts(container)) {
      if ((most.get(name)?.milli ?? 0n) < amount.milli) most.set(name, amount);
    }
  }
  return most;
}

function readAmounts(source: JsonObject): Quantities {
  const amounts = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(source)) {
    const amount = typeof text === 'string' ? parseQuantity(text) : undefined;
    if (amount !== undefined) amounts.set(name, amount);
  }
  return amounts;
}

function putAmounts(summary: JsonObject, field: string, amounts: Quantities): void {
  if (amounts.size === 0) return;
  summary[field] = Object.fromEntries([...amounts].map(([name, amount]) => [name, printQuantity(amount)]));
}

/** Each node counts in the lowest grade that any of its resources falls into. */
function countGrades(free: readonly Quantities[], models: readonly Json[]): Json[] {
  const counts = models.map(() => 0);
  for (const amounts of free) {
    const grades = [...gradesOf(amounts, models)];
    const lowest = grades.length === 0 ? undefined : Math.min(...grades);
    if (lowest !== undefined) counts[lowest] = (counts[lowest] ?? 0) + 1;
  }
  return models.map((model, index) => {
    const grade = objectAt(model)['grade'] ?? index;
    return { grade, count: counts[index] ?? 0 };
  });
}

function* gradesOf(amounts: Quantities, models: readonly Json[]): Generator<number> {
  for (const name of ['cpu', 'memory']) {
    const amount = amounts.get(name)?.milli ?? 0n;
    const index = models.findIndex((model) =>
      listAt(model, 'ranges').some((range) => {
        if (stringAt(range, 'name') !== name) return false;
        const min = parseQuantity(stringAt(range, 'min') ?? '0')?.milli ?? 0n;
        const max = parseQuantity(stringAt(range, 'max') ?? '0')?.milli ?? 0n;
        return amount >= min && amount < max;
      }),
    );
    if (index >= 0) yield index;
  }
}
