import type { Service } from '@waybill/contracts';
import { repository, type TestStackOptions } from '@waybill/local';
import { Platform } from '../platform.js';

/** A built workspace that instances can run; see workspace-build.ts. */
export interface Version {
  readonly name: string;
  readonly folder: string;
}

/** What stands in this working tree. */
export const thisVersion: Version = { name: 'this', folder: repository };

/** Two instances of each service, each of a version of its own. */
export class Fleet {
  private readonly versions = new Map<string, Version>();
  private readonly lines: { readonly service: string; readonly line: string }[] = [];
  private stack: Platform | undefined;

  /** The schemas are those of the first version, until somebody migrates them. */
  static async start(version: Version, options: Pick<TestStackOptions, 'env' | 'quiet'> = {}): Promise<Fleet> {
    const fleet = new Fleet(version);
    fleet.stack = await Platform.start({
      ...options,
      instances: 2,
      // The carrier stands in for the world outside: it is not upgraded.
      buildOf: ({ name, instance }) => (name === 'carrier' ? repository : fleet.versionOf(name, instance).folder),
      onLine: (service, line) => fleet.lines.push({ service, line }),
    });
    return fleet;
  }

  private constructor(private readonly first: Version) {}

  get platform(): Platform {
    if (this.stack === undefined) {
      throw new Error('the fleet has not been started');
    }
    return this.stack;
  }

  versionOf(service: Service, instance: number): Version {
    return this.versions.get(`${service} ${instance}`) ?? this.first;
  }

  /** Stops one instance in order, and starts one of this version in its place; resolves when that is ready. */
  async move(service: Service, instance: number, version: Version): Promise<void> {
    const process = this.platform.process(service, instance);
    await process.stop();
    this.versions.set(`${service} ${instance}`, version);
    await process.start();
  }

  /** Whether a service has logged this, behind `mark`. */
  said(service: Service, text: string, from = 0): boolean {
    return this.lines.slice(from).some((each) => each.service === service && each.line.includes(text));
  }

  /** Lines logged so far. */
  get mark(): number {
    return this.lines.length;
  }

  stop(): Promise<void> {
    return this.platform.stop();
  }
}
