import { type ProbeClock, systemProbeClock } from './probe-clock.js';
import { probeDefaults, type ProbeKind, probeKinds, type Probes, type ProbeSettings } from './probe-settings.js';
import { ProbeVerdict } from './probe-verdict.js';

/*
 * What the kubelet does with one container that is always to be restarted, as far as probes go:
 *
 *   started ──startup succeeds──► liveness and readiness are asked, every period
 *      │                              │ liveness fails              │ readiness: in or out of the endpoints
 *      └─startup fails──► SIGTERM ◄───┘
 *                            └── after the grace SIGKILL ──► ended ──► back-off ──► started
 *
 * - Until the startup probe has succeeded once nobody asks the other two; from then on nobody asks it again.
 * - So many answers in a row make a verdict. At first a container counts as live and as not ready.
 * - A probe that has doomed the container is silent until the next one runs. Readiness is asked to the end.
 * - The first restart comes at once, the next after 10 s, 20 s ... 5 min; ten minutes of life make it forgotten.
 *
 * Sources: Kubernetes documentation "Pod Lifecycle" and "Configure Liveness, Readiness and Startup Probes";
 * kubernetes/kubernetes pkg/kubelet/prober/worker.go.
 */

export interface Container {
  /** Resolves when the process runs; whether it is ready is the probes' affair. */
  start(): Promise<void>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Resolves when the process that was started last has ended. */
  ended(): Promise<string>;
}

export interface ProbeSimulatorOptions {
  readonly container: Container;
  readonly probes: Probes;
  /** Asks once; false for what is no success, and after the time-out. */
  readonly ask: (kind: ProbeKind, timeoutMs: number) => Promise<boolean>;
  /** From SIGTERM to SIGKILL; 30. */
  readonly terminationGracePeriodSeconds?: number;
  /** Before the second restart; 10, doubled with each further one. */
  readonly backoffSeconds?: number;
  readonly clock?: ProbeClock;
}

export type ProbeEventKind = 'started' | 'startup passed' | 'probe failed' | 'ready' | 'not ready' | 'doomed' | 'killed' | 'ended';

/** Something that happened to the container. */
export interface ProbeEvent {
  readonly atMs: number;
  readonly kind: ProbeEventKind;
  /** Which probe, or how the process ended. */
  readonly detail?: string;
}

const GRACE_S = 30;
const BACKOFF_S = 10;
const BACKOFF_MAX_S = 300;
const FORGIVEN_AFTER_MS = 10 * 60_000;

export class ProbeSimulator {
  /** All that happened, in order. */
  readonly events: ProbeEvent[] = [];
  /** Starts after the first one. */
  restarts = 0;
  /** Probes so far. */
  asked = 0;
  private inEndpoints = false;
  private readonly clock: ProbeClock;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: ProbeSimulatorOptions) {
    this.clock = options.clock ?? systemProbeClock;
  }

  /** Whether a service would send requests to it now. */
  get ready(): boolean {
    return this.inEndpoints;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Ends the container in order (SIGTERM, SIGKILL after the grace) and everything with it. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { backoffSeconds = BACKOFF_S } = this.options;
    let inARow = 0;
    while (!this.stopping.signal.aborted) {
      const startedAt = this.clock.now();
      await this.live();
      if (this.stopping.signal.aborted) {
        return;
      }
      inARow = this.clock.now() - startedAt >= FORGIVEN_AFTER_MS ? 1 : inARow + 1;
      this.restarts++;
      if (inARow > 1) {
        await this.clock.sleep(Math.min(backoffSeconds * 2 ** (inARow - 2), BACKOFF_MAX_S) * 1_000, this.stopping.signal);
      }
    }
  }

  /** One process, from its start to its end. */
  private async live(): Promise<void> {
    const { container, probes } = this.options;
    await container.start();
    this.note('started');
    const life = new AbortController();
    const end = () => life.abort();
    const doom = new Doom();
    const gate = { open: probes.startup === undefined };
    const ended = container.ended().then((how) => {
      end();
      return how;
    });
    const probing = probeKinds.map((kind) => this.probe(kind, { life: life.signal, doom, gate }));
    const stop = () => doom.pronounce('told to stop', undefined);
    this.stopping.signal.addEventListener('abort', stop, { once: true });
    if (this.stopping.signal.aborted) {
      stop();
    }
    const terminating = this.terminate(doom, life.signal);
    const how = await ended;
    this.stopping.signal.removeEventListener('abort', stop);
    await Promise.all([...probing, terminating]);
    this.setReady(false);
    this.note('ended', how);
  }

  private async probe(kind: ProbeKind, { life, doom, gate }: Life): Promise<void> {
    const settings = this.options.probes[kind];
    if (settings === undefined) {
      if (kind === 'readiness') {
        await this.readyOnceStarted(gate, life);
      }
      return;
    }
    const { initialDelaySeconds, periodSeconds, timeoutSeconds } = { ...probeDefaults, ...settings };
    const verdict = new ProbeVerdict(settings);
    const startedAt = this.clock.now();
    while (!life.aborted) {
      if (kind !== 'readiness' && doom.isPronounced) {
        return;
      }
      const isDue = this.clock.now() - startedAt >= initialDelaySeconds * 1_000;
      if (isDue && (kind === 'startup' || gate.open)) {
        this.asked++;
        const success = await this.options.ask(kind, timeoutSeconds * 1_000);
        if (life.aborted) {
          return;
        }
        if (!success) {
          this.note('probe failed', kind);
        }
        if (this.judge(kind, settings, verdict.note(success), { doom, gate })) {
          return;
        }
      }
      // At whole periods: a probe that took longer than one costs those in between.
      const elapsedMs = this.clock.now() - startedAt;
      const periodMs = periodSeconds * 1_000;
      await this.clock.sleep((Math.floor(elapsedMs / periodMs) + 1) * periodMs - elapsedMs, life);
    }
  }

  /** True when this probe has done all it will do in this life. */
  private judge(kind: ProbeKind, settings: ProbeSettings, verdict: boolean | undefined, { doom, gate }: Omit<Life, 'life'>): boolean {
    if (verdict === undefined) {
      return false;
    }
    if (kind === 'readiness') {
      this.setReady(verdict);
      return false;
    }
    if (!verdict) {
      doom.pronounce(kind, settings.terminationGracePeriodSeconds);
      return true;
    }
    if (kind === 'startup') {
      this.note('startup passed');
      gate.open = true;
      return true;
    }
    return false;
  }

  /** Without a readiness probe a container is ready as soon as it has started. */
  private async readyOnceStarted(gate: Life['gate'], life: AbortSignal): Promise<void> {
    while (!gate.open && !life.aborted) {
      await this.clock.sleep(100, life);
    }
    this.setReady(!life.aborted);
  }

  private async terminate(doom: Doom, life: AbortSignal): Promise<void> {
    const sentence = await Promise.race([doom.pronounced, aborted(life)]);
    if (sentence === undefined || life.aborted) {
      return;
    }
    const { container, terminationGracePeriodSeconds = GRACE_S } = this.options;
    this.note('doomed', sentence.by);
    container.signal('SIGTERM');
    await this.clock.sleep((sentence.graceSeconds ?? terminationGracePeriodSeconds) * 1_000, life);
    if (!life.aborted) {
      this.note('killed');
      container.signal('SIGKILL');
    }
  }

  private setReady(ready: boolean): void {
    if (ready !== this.inEndpoints) {
      this.inEndpoints = ready;
      this.note(ready ? 'ready' : 'not ready');
    }
  }

  private note(kind: ProbeEventKind, detail?: string): void {
    this.events.push({ atMs: Math.round(this.clock.now()), kind, ...(detail === undefined ? {} : { detail }) });
  }
}

/** What the probes of one process share. */
interface Life {
  readonly life: AbortSignal;
  readonly doom: Doom;
  readonly gate: { open: boolean };
}

interface Sentence {
  readonly by: string;
  readonly graceSeconds: number | undefined;
}

/** Pronounced once, by whoever comes first. */
class Doom {
  isPronounced = false;
  private resolve: (sentence: Sentence) => void = () => undefined;
  readonly pronounced = new Promise<Sentence>((resolve) => {
    this.resolve = resolve;
  });

  pronounce(by: string, graceSeconds: number | undefined): void {
    this.isPronounced = true;
    this.resolve({ by, graceSeconds });
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(undefined);
      return;
    }
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
