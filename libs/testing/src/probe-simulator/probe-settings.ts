/** A probe as a pod's manifest says it, with Kubernetes' names and defaults; fractions of a second are for tests. */
export interface ProbeSettings {
  /** Since the container was started; 0. */
  readonly initialDelaySeconds?: number;
  /** 10. */
  readonly periodSeconds?: number;
  /** 1. */
  readonly timeoutSeconds?: number;
  /** Failures in a row that count; 3. */
  readonly failureThreshold?: number;
  /** Successes in a row that count; 1. */
  readonly successThreshold?: number;
  /** From SIGTERM to SIGKILL where this probe has failed; the pod's unless told. */
  readonly terminationGracePeriodSeconds?: number;
}

export const probeKinds = ['startup', 'liveness', 'readiness'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export type Probes = Readonly<Partial<Record<ProbeKind, ProbeSettings>>>;

export const probeDefaults = {
  initialDelaySeconds: 0,
  periodSeconds: 10,
  timeoutSeconds: 1,
  failureThreshold: 3,
  successThreshold: 1,
} as const;
