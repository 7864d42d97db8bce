// A process that can be killed in the middle of anything: from then on nothing it asked for is ever answered.

/** One life of a process. */
export class Mortal {
  #dead = false;
  /** Fires at death, for what must be let go. */
  readonly end: AbortController = new AbortController();

  get isDead(): boolean {
    return this.#dead;
  }

  die(): void {
    this.#dead = true;
    this.end.abort();
  }

  /** Rejects at death: what whoever was talking to it meets. */
  ended(): Promise<never> {
    const { signal } = this.end;
    return new Promise((_, reject) => {
      const end = (): void => reject(new Error("the other side is gone"));
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    });
  }

  /** The same object; once the process is dead, its methods do nothing and their promises never settle. */
  hold<T extends object>(part: T): T {
    return new Proxy(part, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          if (this.#dead) return never;
          const result: unknown = Reflect.apply(member, target, args);
          return result instanceof Promise ? this.#unlessDead(result) : result;
        };
      },
    });
  }

  #unlessDead<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (!this.#dead) resolve(value);
        },
        (failure: unknown) => {
          if (!this.#dead) reject(failure);
        },
      );
    });
  }
}

const never = new Promise<never>(() => undefined);
