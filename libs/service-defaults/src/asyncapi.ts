import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { asyncApi, type Service, services } from '@waybill/contracts';
import { eventsPage } from './events-page.js';

export const EVENTS_PAGE = '/docs/events';

/** True for a service that publishes events, or reads them; the carrier does neither. */
export function hasEvents(name: string): name is Service {
  return services.some((service) => service === name);
}

/** AsyncAPI of what the service publishes and reads, at /asyncapi.json, and a page to read it at /docs/events. */
export function serveAsyncApi(app: NestFastifyApplication, name: string): void {
  if (!hasEvents(name)) {
    return;
  }
  const document = asyncApi(name);
  const page = eventsPage(document);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/asyncapi.json', async (_request, reply) => reply.send(document));
  fastify.get(EVENTS_PAGE, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(page),
  );
}
