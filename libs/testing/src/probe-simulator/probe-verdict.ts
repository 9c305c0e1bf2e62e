import { probeDefaults, type ProbeSettings } from './probe-settings.js';

/** Makes a verdict of single answers: the same one so many times in a row (kubelet's prober/worker.go). */
export class ProbeVerdict {
  private last: boolean | undefined;
  private run = 0;

  constructor(private readonly settings: ProbeSettings) {}

  /** True or false once that many answers in a row say so; undefined: what was the verdict before still is. */
  note(success: boolean): boolean | undefined {
    this.run = success === this.last ? this.run + 1 : 1;
    this.last = success;
    const { failureThreshold, successThreshold } = { ...probeDefaults, ...this.settings };
    return this.run < (success ? successThreshold : failureThreshold) ? undefined : success;
  }
}
