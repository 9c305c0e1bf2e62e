/** A server of the infrastructure as tests and tools handle it: it keeps its address and its data through stop and start. */
export interface ManagedServer {
  /** Absent where it runs elsewhere, or not at all. */
  readonly pid: number | undefined;
  /** In order, as a person would. */
  stop(): Promise<void>;
  /** With SIGKILL, as a fault would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}
