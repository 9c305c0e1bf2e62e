import { join } from 'node:path';
import { httpProbe, type Probes, ProbeSimulator, ProcessContainer } from '@waybill/testing';
import type { PathologyName } from './prove/pathologies/pathologies.js';

export interface ProbedServiceOptions {
  readonly name: string;
  readonly url: string;
  /** As the stack would start it. */
  readonly env: NodeJS.ProcessEnv;
  readonly probes: Probes;
  readonly terminationGracePeriodSeconds?: number;
  /** What it is to fall ill with when it is told to. */
  readonly pathology?: PathologyName;
  /** It starts so much later than it would. */
  readonly slowStartMs?: number;
  readonly onLine?: (line: string) => void;
}

/** A service's process in the hands of a simulated kubelet, which restarts it on account of its probes. */
export class ProbedService {
  readonly simulator: ProbeSimulator;
  private readonly container: ProcessContainer;

  constructor(private readonly options: ProbedServiceOptions) {
    const { name, url, env, probes, terminationGracePeriodSeconds, onLine } = options;
    this.container = new ProcessContainer({
      command: process.execPath,
      args: [join(import.meta.dirname, '../../apps', name, 'dist/main.js')],
      env: { ...env, ...preloads(options) },
      ...(onLine === undefined ? {} : { onLine }),
    });
    this.simulator = new ProbeSimulator({
      container: this.container,
      probes,
      ask: httpProbe(url),
      ...(terminationGracePeriodSeconds === undefined ? {} : { terminationGracePeriodSeconds }),
    });
  }

  get name(): string {
    return this.options.name;
  }

  get url(): string {
    return this.options.url;
  }

  get pid(): number | undefined {
    return this.container.pid;
  }

  start(): void {
    this.simulator.start();
  }

  stop(): Promise<void> {
    return this.simulator.stop();
  }

  /** Its pathology breaks out; the process that is started in its place is healthy. */
  fallIll(): void {
    this.container.signal('SIGUSR2');
  }

  /** Every failed liveness probe, verdict and restart, a line each. */
  history(): string {
    return this.simulator.events.map(({ atMs, kind, detail = '' }) => `${this.name} ${(atMs / 1_000).toFixed(2)} s ${kind} ${detail}`).join('\n');
  }
}

function preloads({ pathology, slowStartMs }: ProbedServiceOptions): NodeJS.ProcessEnv {
  if (slowStartMs !== undefined) {
    return { NODE_OPTIONS: `--import ${built('slow-start.js')}`, PROVE_SLOW_START_MS: String(slowStartMs) };
  }
  return pathology === undefined ? {} : { NODE_OPTIONS: `--import ${built('install.js')}`, PROVE_PATHOLOGY: pathology };
}

/** The compiled file, also where the tests run from source. */
function built(file: string): string {
  return new URL(`./prove/pathologies/${file}`, import.meta.url).href.replace('/e2e/src/', '/e2e/dist/');
}
