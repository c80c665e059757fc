import { FedStateError } from '../domain/errors';
import type { Kube } from '../kube/client';

/** The same API server, through which nothing can be changed. */
export function readOnly(kube: Kube): Kube {
  const refuse = (): never => {
    throw new FedStateError(
      'Refused',
      'A dry run writes nothing: this is a fault of FedState, please report it.',
    );
  };
  return {
    get: (ref, schema) => kube.get(ref, schema),
    list: (kind, options, schema) => kube.list(kind, options, schema),
    serves: (kind) => kube.serves(kind),
    apply: (kind, manifest, options) =>
      options.dryRun === true ? kube.apply(kind, manifest, options) : refuse(),
    applyStatus: refuse,
    create: refuse,
    post: refuse,
    jsonPatch: refuse,
    mergePatch: refuse,
    delete: refuse,
    transport: kube.transport,
  };
}
