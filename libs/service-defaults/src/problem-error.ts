export interface FieldError {
  /** Path of the field in the body, `lines.0.quantity`; `id` for a parameter; `(body)` for all of it. */
  readonly field: string;
  readonly message: string;
}

export interface ProblemDetails {
  /** Stable, in kebab-case: clients decide by it, so it never changes. */
  readonly code: string;
  readonly status: number;
  /** The same for every problem of this code. */
  readonly title: string;
  /** About this one occurrence. Read by people of other companies: no internals. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * An answer that is a problem, on purpose: thrown anywhere behind a controller, sent as RFC 9457 problem+json.
 *
 * @example
 * throw new ProblemError({ code: 'order-not-found', status: 404, title: 'There is no such order' });
 */
export class ProblemError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor({ code, status, title, detail, errors, headers = {}, cause }: ProblemDetails) {
    super(detail ?? title, { cause });
    this.name = 'ProblemError';
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
  }
}
