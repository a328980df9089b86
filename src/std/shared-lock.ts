/** A lock within this process that many tasks share, or that one has alone. First come, first served. */

/** `shared`: together with other shared holders; `alone`: without any other holder. */
export type LockMode = "shared" | "alone";

interface Holder {
  mode: LockMode;
  /** True while there was no other holder since it took the lock. */
  alone: boolean;
}

interface Waiting {
  mode: LockMode;
  enter(holder: Holder | null): void;
}

export class SharedLock {
  readonly #holders = new Set<Holder>();
  readonly #waiting: Waiting[] = [];

  /**
   * Runs `use` while holding the lock. `alone` of the result is true when there was no other holder
   * until `use` ended. Null when the signal was aborted before the lock was free; `use` was then not called.
   */
  async hold<T>(
    mode: LockMode,
    signal: AbortSignal,
    use: () => Promise<T>,
  ): Promise<{ value: T; alone: boolean } | null> {
    if (signal.aborted) return null;
    const holder = await this.#enter(mode, signal);
    if (holder === null) return null;
    try {
      const value = await use();
      return { value, alone: holder.alone };
    } finally {
      this.#holders.delete(holder);
      this.#admit();
    }
  }

  #enter(mode: LockMode, signal: AbortSignal): Promise<Holder | null> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        mode,
        enter: (holder) => {
          signal.removeEventListener("abort", leave);
          resolve(holder);
        },
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.enter(null);
        this.#admit();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
  }

  /** Admits waiting tasks in their order, until one has to wait for a holder. */
  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const held = [...this.#holders];
      const free =
        next.mode === "alone" ? held.length === 0 : held.every(({ mode }) => mode === "shared");
      if (!free) return;
      this.#waiting.shift();
      for (const other of held) other.alone = false;
      const holder = { mode: next.mode, alone: held.length === 0 };
      this.#holders.add(holder);
      next.enter(holder);
    }
  }
}
