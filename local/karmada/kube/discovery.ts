import type { Connection } from './connection';
import { ApiError } from './connection';
import { listAt, parseJson, stringAt } from './json';
import { apiVersionOf, gvkOf, type Resource } from './object';

/** What an API server serves, by `apiVersion, Kind`. */
export interface ApiCatalog {
  readonly resources: ReadonlyMap<string, Resource & { readonly verbs: readonly string[] }>;
}

const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export interface Discovery {
  /** Asks again; without change the same object is returned. @throws ApiError */
  refresh(): Promise<ApiCatalog>;
}

/** Two calls for everything (aggregated discovery), none of them with a body while nothing changed. */
export function createDiscovery(connection: Connection): Discovery {
  const etags = new Map<string, string>();
  const parts = new Map<string, ApiCatalog['resources']>();
  let catalog: ApiCatalog = { resources: new Map() };

  const readPart = async (path: string): Promise<boolean> => {
    const etag = etags.get(path);
    const answer = await connection.fetch(path, {
      accept: ACCEPT,
      ...(etag === undefined ? {} : { headers: { 'if-none-match': etag } }),
    });
    if (answer.code === 304) return false;
    if (answer.code !== 200)
      throw new ApiError(answer.code, 'Discovery', `GET ${path}: ${answer.text.slice(0, 200)}`);
    parts.set(path, readGroups(answer.text));
    if (answer.etag !== undefined) etags.set(path, answer.etag);
    return true;
  };

  return {
    async refresh() {
      const changed = [await readPart('/api'), await readPart('/apis')];
      if (changed.includes(true)) {
        catalog = { resources: new Map([...parts.values()].flatMap((part) => [...part])) };
      }
      return catalog;
    },
  };
}

function readGroups(text: string): ApiCatalog['resources'] {
  const found = new Map<string, Resource & { verbs: readonly string[] }>();
  for (const group of listAt(parseJson(text), 'items')) {
    const name = stringAt(group, 'metadata', 'name') ?? '';
    for (const version of listAt(group, 'versions')) {
      for (const entry of listAt(version, 'resources')) {
        const resource = {
          group: stringAt(entry, 'responseKind', 'group') ?? name,
          version: stringAt(version, 'version') ?? '',
          kind: stringAt(entry, 'responseKind', 'kind') ?? '',
          plural: stringAt(entry, 'resource') ?? '',
          namespaced: stringAt(entry, 'scope') === 'Namespaced',
          verbs: listAt(entry, 'verbs').filter((verb) => typeof verb === 'string'),
        };
        // bindings of v1 answer with the kind of another group; they are served under this one.
        const served = { ...resource, group: name };
        const key = gvkOf(apiVersionOf(served), served.kind);
        if (!found.has(key)) found.set(key, served);
      }
    }
  }
  return found;
}
