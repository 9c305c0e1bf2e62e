import { describe, expect, it } from 'vitest';
import { bytesInJson, type EventView, renderEvent, traceLink } from './event-view.js';
import { palette } from './palette.js';

const nowMs = Date.parse('2026-11-25T12:00:00Z');
const traceparent = '00-d948ff4c536ddda23af2858a075dcf73-00f067aa0ba902b7-01';

const view: EventView = {
  title: 'waybill.order.placed.v1 is dead',
  facts: [
    ['id', '01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f'],
    ['offset', '9007199254740993'],
    ['died', new Date('2026-11-25T11:00:00Z')],
    ['next attempt', null],
  ],
  error: 'stock is\nbroken',
  traceparent,
  headers: [
    ['ce_type', Buffer.from('waybill.order.placed.v1')],
    ['bytes', Buffer.from([0xff, 0x00])],
  ],
  payload: Buffer.from('{"lines":[{"sku":"BOOK-1"}]}'),
};

describe('an event as it is shown', () => {
  it('has its facts, error, headers and payload, and the link to its trace', () => {
    expect(renderEvent(view, 'http://127.0.0.1:16686', palette(false), nowMs)).toBe(
      [
        '  waybill.order.placed.v1 is dead',
        '',
        '  id       01937fd1-7f5a-7c3e-8a55-0f1b1c2d3e4f',
        '  offset   9007199254740993',
        '  died     2026-11-25T11:00:00.000Z (60 min)',
        '  trace    d948ff4c536ddda23af2858a075dcf73  http://127.0.0.1:16686/trace/d948ff4c536ddda23af2858a075dcf73',
        '',
        '  error',
        '  stock is',
        '  broken',
        '',
        '  headers',
        '  ce_type   waybill.order.placed.v1',
        '  bytes     (base64) /wA=',
        '',
        '  payload',
        '  {',
        '    "lines": [',
        '      {',
        '        "sku": "BOOK-1"',
        '      }',
        '    ]',
        '  }',
      ].join('\n'),
    );
  });

  it('shows a payload that is no JSON, no text, or none at all', () => {
    const shown = (payload: Buffer | null) => renderEvent({ ...view, payload }, undefined, palette(false), nowMs);
    expect(shown(Buffer.from('not { json'))).toContain('payload\n  not { json');
    expect(shown(Buffer.from([0xc3, 0x28]))).toContain('(no text: 2 bytes, in base64)\n  wyg=');
    expect(shown(null)).toContain('payload\n  (no value)');
  });

  it('lets no stranger write to the terminal', () => {
    const evil = '\u001b[2J\u001b]0;title\u0007\u009b31m\u202e';
    const shown = renderEvent(
      {
        title: evil,
        facts: [['key', evil]],
        error: evil,
        traceparent: evil,
        headers: [[evil, Buffer.from(evil)]],
        payload: Buffer.from(JSON.stringify({ [evil]: evil })),
      },
      undefined,
      palette(false),
      nowMs,
    );
    expect([...shown].filter((each) => each !== '\n' && !/[ -~]/.test(each))).toEqual([]);
    expect(shown).toContain('\\u001b[2J');
  });

  it('is coloured only where there is a terminal', () => {
    expect(renderEvent(view, undefined, palette(true), nowMs)).toContain('\u001b[1mwaybill.order.placed.v1');
    expect(renderEvent(view, undefined, palette(false), nowMs)).not.toContain('\u001b');
  });
});

describe('a trace', () => {
  it('has its id, and a page where there is a Jaeger', () => {
    const id = 'd948ff4c536ddda23af2858a075dcf73';
    expect(traceLink(traceparent, undefined)).toEqual({ id, url: undefined });
    expect(traceLink(traceparent, 'http://jaeger')).toEqual({ id, url: `http://jaeger/trace/${id}` });
  });

  it('is none where the header is missing or broken', () => {
    expect(traceLink(null, 'http://jaeger')).toBeUndefined();
    expect(traceLink('rubbish', 'http://jaeger')).toBeUndefined();
  });
});

describe('bytes in JSON', () => {
  it('are text, or marked as base64, or null', () => {
    expect(bytesInJson(Buffer.from('ä'))).toBe('ä');
    expect(bytesInJson(Buffer.from([0xff]))).toEqual({ base64: '/w==' });
    expect(bytesInJson(null)).toBeNull();
  });
});
