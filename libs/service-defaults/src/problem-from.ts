import { HttpException } from '@nestjs/common';
import { CommitUnknownError, isDatabaseUnavailable } from '@waybill/database';
import { TimeoutError } from 'rxjs';
import { ProblemError } from './problem-error.js';

const RETRY_AFTER_S = '2';

/** Every error that a client may learn of, as the problem that it gets to see; the one place that decides this. */
export function problemFrom(error: unknown): ProblemError {
  if (error instanceof ProblemError) {
    return error;
  }
  if (error instanceof CommitUnknownError) {
    return new ProblemError({
      code: 'commit-unknown',
      status: 503,
      title: 'The outcome is not known',
      detail:
        'The connection to the database was lost while the change was being stored: it may have happened, or not. Ask for it, or send the request again with the same Idempotency-Key.',
      headers: { 'retry-after': RETRY_AFTER_S },
      cause: error,
    });
  }
  if (isDatabaseUnavailable(error)) {
    return databaseUnavailable(error);
  }
  if (error instanceof TimeoutError) {
    return new ProblemError({
      code: 'timeout',
      status: 503,
      title: 'The answer took too long',
      detail: 'The request may still take effect. Ask for it, or send it again with the same Idempotency-Key.',
      headers: { 'retry-after': RETRY_AFTER_S },
      cause: error,
    });
  }
  return fromHttp(error) ?? internal(error);
}

export function databaseUnavailable(cause?: unknown): ProblemError {
  return new ProblemError({
    code: 'database-unavailable',
    status: 503,
    title: 'The service is not available for the moment',
    detail: 'The database does not answer. Nothing was changed; try again.',
    headers: { 'retry-after': RETRY_AFTER_S },
    cause,
  });
}

/** What Fastify or Nest refused before a controller was reached. */
function fromHttp(error: unknown): ProblemError | undefined {
  const status = error instanceof HttpException ? error.getStatus() : fastifyStatus(error);
  if (status === undefined || status >= 500) {
    return undefined;
  }
  const known = KNOWN[status] ?? { code: 'bad-request', title: 'The request is not valid' };
  const message = error instanceof Error ? error.message : undefined;
  const detail = known.detail ?? message;
  return new ProblemError({
    code: known.code,
    title: known.title,
    status,
    ...(detail === undefined ? {} : { detail }),
    cause: error,
  });
}

interface Known {
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
}

const KNOWN: Readonly<Record<number, Known>> = {
  401: { code: 'unauthorized', title: 'A token is needed' },
  404: { code: 'not-found', title: 'There is nothing here' },
  405: { code: 'method-not-allowed', title: 'This method is not offered here' },
  408: { code: 'request-timeout', title: 'The request did not arrive in time' },
  413: {
    code: 'body-too-large',
    title: 'The body is too large',
    detail: 'A body may have at most 256 KiB.',
  },
  414: { code: 'path-too-long', title: 'A part of the path is too long' },
  415: {
    code: 'unsupported-media-type',
    title: 'The content type is not supported',
    detail: 'Send JSON, with the header content-type: application/json.',
  },
};

/** Fastify's own errors; another library's `statusCode` says nothing about our answer. */
function fastifyStatus(error: unknown): number | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const { statusCode } = error as { statusCode?: unknown };
  const ours = codeOf(error)?.startsWith('FST_ERR_') ?? false;
  return ours && typeof statusCode === 'number' ? statusCode : undefined;
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function internal(cause: unknown): ProblemError {
  return new ProblemError({
    code: 'internal',
    status: 500,
    title: 'The service failed',
    detail: 'This is our fault; the trace id leads to the reason.',
    cause,
  });
}
