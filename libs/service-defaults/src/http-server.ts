import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GracefulShutdown } from '@waybill/graceful-shutdown';
import { activeTraceParent, continueTrace, nameRequestSpan } from '@waybill/tracing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { FreshConnections } from './fresh-connections.js';
import type { Metrics } from './metrics.js';
import { sendProblem } from './problem.filter.js';
import { PROBLEM_TYPE } from './problem-document.js';
import { ProblemError } from './problem-error.js';
import type { ServiceSettings } from './service-settings.js';

/** Enough for an order of 1,000 lines four times over. */
export const BODY_BYTES_MAX = 256 * 1024;
/** How long a client may take to send a request; a slow one must not hold a connection for ever. */
const RECEIVE_TIMEOUT_MS = 30_000;

/** What operators ask of any process, whatever roles it has; not counted, traced or logged as requests. */
const OPERATORS = /^\/(health|metrics|docs|openapi\.json|asyncapi\.json)(\/|\?|-|$)/;

interface Parts {
  readonly settings: ServiceSettings;
  readonly log: Logger;
  readonly shutdown: GracefulShutdown;
  readonly metrics: Metrics;
}

export function createHttpAdapter({ settings, log }: Pick<Parts, 'settings' | 'log'>): FastifyAdapter {
  return new FastifyAdapter({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: RECEIVE_TIMEOUT_MS,
    keepAliveTimeout: settings.keepAliveMs,
    forceCloseConnections: 'idle',
    // A request that was accepted is served: readiness went off long before.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => continueTrace({}, () => sendProblem(error, request, reply, log)),
    clientErrorHandler: refuseNoHttp,
  });
}

/** Bytes that are no HTTP: there is no request to answer, only a connection to end. */
function refuseNoHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ type: 'urn:waybill:problem:bad-request', title: 'This is no HTTP request', status: 400 });
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Hooks around every request: its trace, its place among the work in hand, its metrics and its line in the log. */
export function prepareHttp(app: NestFastifyApplication, { settings, log, shutdown, metrics }: Parts): void {
  const fastify = app.getHttpAdapter().getInstance();
  const refusesWork = !settings.roles.includes('http');
  parseOnlyJson(app);
  fastify.addHook('onRequest', (request: FastifyRequest, _reply, done) => {
    continueTrace(sentTrace(request.raw), done);
  });
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    const route = request.routeOptions.url;
    const forOperators = OPERATORS.test(request.url);
    if (!forOperators) {
      nameRequestSpan(request.method, route);
      const traceParent = activeTraceParent();
      if (traceParent !== undefined) {
        reply.header('traceresponse', traceParent);
      }
    }
    track(request, reply, { forOperators, route, log, shutdown, metrics });
    done(refusesWork && !forOperators ? notThisRole() : undefined);
  });
  fastify.addHook('onSend', (_request, reply: FastifyReply, payload, done) => {
    // A client that keeps this connection would send its next request to a process that is gone.
    if (shutdown.isStopping) {
      reply.header('connection', 'close');
    }
    done(null, payload);
  });
  const fresh = new FreshConnections(fastify.server);
  shutdown.on('intake', 'http', async () => {
    await fresh.admitted();
    stopListening(fastify.server);
    await fresh.used();
  });
  shutdown.on('servers', 'http', async () => {
    // Nothing is in hand any more. What is left was opened in advance and never used; Node would wait a minute for it.
    fastify.server.closeAllConnections();
    await app.close();
  });
}

function stopListening(server: Server): void {
  if (server.listening) {
    // Refuses new connections and closes idle ones at once; those with a request in hand end with its answer.
    server.close();
  }
}

function sentTrace({ headers }: IncomingMessage): { traceparent?: string; tracestate?: string; baggage?: string } {
  const one = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' ? { [name]: value } : {};
  };
  return { ...one('traceparent'), ...one('tracestate'), ...one('baggage') };
}

interface Tracked extends Omit<Parts, 'settings'> {
  readonly forOperators: boolean;
  readonly route: string | undefined;
}

function track(request: FastifyRequest, reply: FastifyReply, { forOperators, route = '(none)', log, shutdown, metrics }: Tracked): void {
  const ended = shutdown.work.begin(`${request.method} ${route}`);
  const startedAt = performance.now();
  // 'close' comes once, also when the client went away before the answer.
  reply.raw.once('close', () => {
    ended();
    if (!forOperators) {
      const ms = performance.now() - startedAt;
      metrics.observeRequest(request.method, route, reply.statusCode, ms / 1_000);
      log.debug({ method: request.method, path: request.url, status: reply.statusCode, ms: Math.round(ms) }, 'request');
    }
  });
}

function notThisRole(): ProblemError {
  return new ProblemError({
    code: 'not-found',
    status: 404,
    title: 'There is nothing here',
    detail: 'This process does not have the role http; another one of this service answers requests.',
  });
}

function invalidJson(cause: Error): ProblemError {
  return new ProblemError({
    code: 'invalid-json',
    status: 400,
    title: 'The body is not valid JSON',
    detail: cause.message,
    cause,
  });
}

/** JSON or nothing: Fastify would also take text/plain, and a body that is a string where an object is meant. */
function parseOnlyJson(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') {
      // Clients that always send the header, also where there is nothing to send.
      done(null, undefined);
      return;
    }
    void parse(request, body, (error, parsed) => done(error === null ? null : invalidJson(error), parsed));
  });
}
