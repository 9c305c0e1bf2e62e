import { traceId } from '@waybill/tracing';
import type { FieldError, ProblemError } from './problem-error.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9457. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly traceId?: string;
  readonly errors?: readonly FieldError[];
}

export function problemDocument(problem: ProblemError, path: string | undefined): ProblemDocument {
  const trace = traceId();
  return {
    type: `urn:waybill:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    ...(problem.detail === undefined ? {} : { detail: problem.detail }),
    // Without the query: it may hold what should not be repeated.
    ...(path === undefined ? {} : { instance: path.split('?', 1)[0] ?? path }),
    ...(trace === undefined ? {} : { traceId: trace }),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
}
