import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PROBLEM_TYPE, problemDocument } from './problem-document.js';
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
  if (problem.status >= 500) {
    const level = problem.code === 'internal' ? 'error' : 'warn';
    log[level]({ err: problem.cause ?? problem, method: request.method, path: request.url, status: problem.status }, problem.title);
  }
  if (reply.sent) {
    return;
  }
  void reply
    .code(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemDocument(problem, request.url)));
}
