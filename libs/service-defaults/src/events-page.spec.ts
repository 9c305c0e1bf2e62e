import { Writable } from 'node:stream';
import { Module } from '@nestjs/common';
import { httpConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { asyncApi, services } from '@waybill/contracts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventsPage } from './events-page.js';
import { type RunningService, startService } from './start-service.js';

class AppModule {}
Module({})(AppModule);

function start(name: string): Promise<RunningService> {
  const config = z.object({ ...httpConfig(name, 3999), ...shutdownConfig, ...rolesConfig });
  const logTo = new Writable({ write: (_chunk, _encoding, done) => done() });
  return startService({ name, config, module: AppModule }, { env: {}, port: 0, exit: () => undefined, logTo });
}

describe('the page of a service\'s events', () => {
  it.each(services)('of %s leads to every event and every schema that it names', (service) => {
    const page = eventsPage(asyncApi(service));
    const anchors = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/ href="#([^"]+)"/g)].map(([, target]) => target);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((target) => !anchors.has(target))).toEqual([]);
    for (const type of Object.keys(asyncApi(service).components.messages)) {
      expect(links).toContain(type);
    }
  });

  it('says what a reader of a topic must know: topic, partitions, fields, and what is read and not written', () => {
    const page = eventsPage(asyncApi('orders'));
    expect(page).toContain('Topic <code>waybill.shipping</code>, 6 partitions, by the id of the order.');
    expect(page).toContain('<td><code>deadlineAt</code></td><td>always</td><td>text (date-time)</td>');
    expect(page).toContain('list of 1 to 1000: <a href="#OrderLine">OrderLine</a>');
    expect(page).toContain('<td><code>quantity</code></td><td>always</td><td>integer (1 to 10000)</td>');
    expect(page).toContain('<td><code>ce_causationid</code></td><td>may be absent</td>');
    expect(page.match(/class="note"/g)).toHaveLength(1);
  });

  it('fetches nothing, runs nothing, and takes no text for markup', () => {
    const document = asyncApi('orders');
    const page = eventsPage({ ...document, info: { ...document.info, description: '<script>alert("x")</script> & more' } });
    expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more');
    expect(page).not.toMatch(/<script|<link|<img|https?:/);
  });
});

describe('a service', () => {
  it('offers its events as a page and as AsyncAPI, beside its OpenAPI', async () => {
    const service = await start('shipping');
    try {
      const page = await fetch(`${service.url}/docs/events`);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(await page.text()).toContain('waybill.order.confirmed.v1');
      expect(await (await fetch(`${service.url}/asyncapi.json`)).json()).toEqual(asyncApi('shipping'));
      expect(await (await fetch(`${service.url}/openapi.json`)).json()).toMatchObject({ externalDocs: { url: '/docs/events' } });
      expect((await fetch(`${service.url}/docs`)).status).toBe(200);
    } finally {
      await service.shutdown.stop('spec');
    }
  });

  it('without events has no such page', async () => {
    const service = await start('carrier');
    try {
      expect((await fetch(`${service.url}/docs/events`)).status).toBe(404);
      expect((await fetch(`${service.url}/asyncapi.json`)).status).toBe(404);
      expect(await (await fetch(`${service.url}/openapi.json`)).json()).not.toHaveProperty('externalDocs');
    } finally {
      await service.shutdown.stop('spec');
    }
  });
});
