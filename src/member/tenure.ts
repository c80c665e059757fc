/** What acts while a lease is held; passes in work end within `stop`. */
export interface Acting {
  stop(): Promise<void>;
}

/** One tenure after another, however fast the lease comes and goes. */
export interface Tenures<A extends Acting> {
  /** Begins one when the last has ended; nothing happens if it was ended before. */
  begin(): void;
  /** Resolves when what acts has ended. */
  end(): Promise<void>;
  /** Undefined between two tenures. */
  acting(): A | undefined;
}

export function createTenures<A extends Acting>(start: () => A): Tenures<A> {
  let number = 0;
  let current: A | undefined;
  let ending: Promise<void> = Promise.resolve();
  return {
    begin() {
      number += 1;
      const own = number;
      // Passes of a former tenure end before the next begin. Whoever waited through a loss must not begin beside the next.
      void ending.then(() => {
        if (own === number) current = start();
      });
    },
    end() {
      number += 1;
      const running = current;
      current = undefined;
      ending = ending.then(() => running?.stop());
      return ending;
    },
    acting: () => current,
  };
}
