import type { TestStackOptions } from '@waybill/local';
import type { Probes } from '@waybill/testing';
import { Platform } from './platform.js';
import { ProbedService, type ProbedServiceOptions } from './probed-service.js';

type ServiceName = 'orders' | 'inventory' | 'shipping' | 'carrier';

/** What a pod of ours would say, with periods that suit a test. Kubernetes' own: docs/patterns/health.md. */
export const quickProbes = {
  startup: { periodSeconds: 0.5, failureThreshold: 120, timeoutSeconds: 1 },
  liveness: { periodSeconds: 2, failureThreshold: 3, timeoutSeconds: 1, terminationGracePeriodSeconds: 3 },
  readiness: { periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 1 },
} as const satisfies Probes;

/** The platform with each process in the hands of a simulated kubelet. */
export class ProbedPlatform {
  private constructor(
    readonly platform: Platform,
    /** What the stack would start `name-instance` with. */
    readonly envs: ReadonlyMap<string, NodeJS.ProcessEnv>,
    readonly services: readonly ProbedService[],
  ) {}

  /** `adapt`: how the simulated kubelet treats a service, over quick probes. */
  static async start(
    stack: TestStackOptions,
    adapt: (name: ServiceName, instance: number) => Partial<Omit<ProbedServiceOptions, 'name' | 'url'>> = () => ({}),
  ): Promise<ProbedPlatform> {
    const envs = new Map<string, NodeJS.ProcessEnv>();
    const platform = await Platform.start({
      ...stack,
      envOf: ({ name, instance }, env) => {
        envs.set(`${name}-${instance}`, env);
        return {};
      },
    });
    const services: ProbedService[] = [];
    const stopping: Promise<unknown>[] = [];
    const probed = new ProbedPlatform(platform, envs, services);
    try {
      for (const name of ['carrier', 'orders', 'inventory', 'shipping'] as const) {
        for (const [index, url] of platform.urlsOf(name).entries()) {
          const instance = platform.instancesOf(name)[index] ?? 1;
          const { env, ...adapted } = adapt(name, instance);
          stopping.push(platform.process(name, instance).stop());
          const inherited = envs.get(`${name}-${instance}`) ?? {};
          services.push(new ProbedService({ name, url, probes: quickProbes, ...adapted, env: { ...inherited, ...env } }));
        }
      }
      // The stack has built and checked everything; from here on the processes are ours.
      await Promise.all(stopping);
      services.forEach((service) => service.start());
      return probed;
    } catch (error) {
      await probed.stop();
      throw error;
    }
  }

  service(name: ServiceName): ProbedService {
    const found = this.services.find((service) => service.name === name);
    if (found === undefined) {
      throw new Error(`this platform runs ${this.services.map((service) => service.name).join(', ')}; there is no ${name}`);
    }
    return found;
  }

  get ready(): boolean {
    return this.services.every(({ simulator }) => simulator.ready);
  }

  get restarts(): number {
    return this.services.reduce((sum, { simulator }) => sum + simulator.restarts, 0);
  }

  /** Probes so far, of all processes. */
  get asked(): number {
    return this.services.reduce((sum, { simulator }) => sum + simulator.asked, 0);
  }

  /** Probes of processes that had been ready once, and failed; a line each. */
  get failures(): string[] {
    return this.services.flatMap(({ name, simulator: { events } }) => {
      const first = events.findIndex(({ kind }) => kind === 'ready');
      const failed = first === -1 ? [] : events.slice(first).filter(({ kind }) => kind === 'probe failed');
      return failed.map(({ atMs, detail = '' }) => `${name}: ${detail} failed at ${(atMs / 1_000).toFixed(1)} s`);
    });
  }

  history(): string {
    return this.services.map((service) => service.history()).join('\n');
  }

  async stop(): Promise<void> {
    await Promise.all(this.services.map((service) => service.stop()));
    await this.platform.stop();
  }
}
