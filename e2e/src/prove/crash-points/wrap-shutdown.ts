import type { Traps } from './trap.js';

type Step = () => void | Promise<void>;

/** What is used of `GracefulShutdown`. */
export interface Shutdown {
  on(phase: string, name: string, step: Step): void;
}

/** Leads every step of the stop through the traps. */
export function wrapShutdown(prototype: Shutdown, traps: Pick<Traps, 'through'>): void {
  const { on } = prototype;
  prototype.on = function (this: Shutdown, phase, name, step) {
    on.call(this, phase, name, () =>
      traps.through({
        operation: `${phase}, ${name}`,
        make: async () => {
          await step();
        },
      }),
    );
  };
}
