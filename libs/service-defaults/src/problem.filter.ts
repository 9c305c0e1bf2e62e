import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { recordError } from '@waybill/tracing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PROBLEM_TYPE, problemDocument } from './problem-document.js';
import type { ProblemError } from './problem-error.js';
import { problemFrom } from './problem-from.js';

/** Turns every error that leaves a controller into problem+json, and logs what is our fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.log);
  }
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): void {
  const problem = problemFrom(error);
  report(problem, request, log);
  if (reply.sent) {
    return;
  }
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemDocument(problem, request.url)));
}

/** Our fault: with its stack. A dependency's: one line, because while it is away every request is one. */
function report(problem: ProblemError, request: FastifyRequest, log: Logger): void {
  const facts = { method: request.method, path: request.url, status: problem.status, problem: problem.code };
  const { cause } = problem;
  if (problem.code === 'internal') {
    recordError(cause);
    log.error({ ...facts, err: cause }, problem.title);
  } else if (problem.status >= 500) {
    log.warn({ ...facts, reason: cause instanceof Error ? cause.message : undefined }, problem.title);
  }
}
