/** Follows one member until aborted and tells every change of its role. */
export type WatchRole = (host: string, signal: AbortSignal, onChange: () => void) => Promise<void>;

/** Keeps one watch per running mongod, so that an election shows in the status at once and not at the next resync. */
export interface RoleWatch {
  /** From now on these are the members of this instance; none ends its watches. */
  follow(instance: string, hosts: Iterable<string>): void;
  stop(): void;
}

export function createRoleWatch(watch: WatchRole, onChange: (instance: string) => void): RoleWatch {
  const watches = new Map<string, Map<string, AbortController>>();

  function begin(instance: string, host: string): AbortController {
    const abort = new AbortController();
    let first = true;
    const tell = (): void => {
      // The first sight is what the pass that began this watch has just seen itself.
      if (!first && !abort.signal.aborted) onChange(instance);
      first = false;
    };
    watch(host, abort.signal, tell).catch(() => {
      if (!abort.signal.aborted) watches.get(instance)?.delete(host);
    });
    return abort;
  }

  return {
    follow(instance, hosts) {
      const wanted = new Set(hosts);
      const present = watches.get(instance) ?? new Map<string, AbortController>();
      for (const [host, abort] of present) {
        if (wanted.has(host)) continue;
        abort.abort();
        present.delete(host);
      }
      for (const host of wanted) if (!present.has(host)) present.set(host, begin(instance, host));
      if (present.size === 0) watches.delete(instance);
      else watches.set(instance, present);
    },
    stop() {
      for (const present of watches.values()) for (const abort of present.values()) abort.abort();
      watches.clear();
    },
  };
}
