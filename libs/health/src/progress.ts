/**
 * How a loop tells that it gets on: the relay, a consumer, a worker in the background.
 *
 * The libs with loops ask for as much of this as they use, by shape: none of them knows this one.
 */
export interface Progress {
  /**
   * It came round; or it tried, and waits to try again. The next time comes within `quietMs` (0) and the loop's bound.
   * A loop is watched from its first beat on.
   */
  beat(quietMs?: number): void;
  /** Takes something in hand, named for operators, without its content; what is returned lets go of it, however it ended. */
  begin(what: string): () => void;
  /** What is in hand under this name got on: its bound begins anew. */
  moved(what: string): void;
  /** Until `resume` nothing is expected of the loop: a breaker is open, or what it needs is away. */
  pause(why: string): void;
  resume(): void;
}
