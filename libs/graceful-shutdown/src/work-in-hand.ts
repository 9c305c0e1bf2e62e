/** Counts what has begun and not ended, by name. */
export class WorkInHand {
  private readonly counts = new Map<string, number>();
  private total = 0;
  private waiting: (() => void)[] = [];

  /** Call the result, once, when the work has ended. */
  begin(name: string): () => void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.total += 1;
    let ended = false;
    return () => {
      if (!ended) {
        ended = true;
        this.end(name);
      }
    };
  }

  /** Resolves as soon as nothing is in hand. */
  finished(): Promise<void> {
    return this.total === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }

  list(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }

  private end(name: string): void {
    const left = (this.counts.get(name) ?? 1) - 1;
    if (left === 0) {
      this.counts.delete(name);
    } else {
      this.counts.set(name, left);
    }
    this.total -= 1;
    if (this.total === 0) {
      for (const resolve of this.waiting.splice(0)) {
        resolve();
      }
    }
  }
}
