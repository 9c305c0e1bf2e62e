import { ago } from './moment.js';
import type { Palette } from './palette.js';
import { asText, prettyPayload, printable } from './printable.js';

/** One record or row, with all that is known of it, as `show` presents it. */
export interface EventView {
  /** What it is and how it stands, such as `dead: waybill.order.placed.v1`. */
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string | number | Date | null | undefined])[];
  readonly error: string | null;
  readonly traceparent: string | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
  readonly payload: Buffer | null;
}

export interface TraceLink {
  readonly id: string;
  /** Its page in Jaeger, where there is one. */
  readonly url: string | undefined;
}

/** Of a W3C traceparent; undefined where there is none, or none that one could follow. */
export function traceLink(traceparent: string | null, jaeger: string | undefined): TraceLink | undefined {
  const id = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent ?? '')?.[1];
  return id === undefined ? undefined : { id, url: jaeger === undefined ? undefined : `${jaeger}/trace/${id}` };
}

/** The whole of it for a person. */
export function renderEvent(view: EventView, jaeger: string | undefined, paint: Palette, nowMs = Date.now()): string {
  const trace = traceLink(view.traceparent, jaeger);
  const facts = [
    ...view.facts,
    ['trace', trace === undefined ? null : `${trace.id}${trace.url === undefined ? '' : `  ${trace.url}`}`] as const,
  ].flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, value] as const]));
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    `  ${paint.bold(printable(view.title))}`,
    facts
      .map(([name, value]) => {
        const shown = value instanceof Date ? `${value.toISOString()} (${ago(value, nowMs)})` : printable(String(value));
        return `  ${paint.dim(name.padEnd(width))}   ${shown}`;
      })
      .join('\n'),
    ...(view.error === null ? [] : [`  ${paint.bold('error')}\n${indent(paint.bad(printable(view.error)))}`]),
    ...(view.headers.length === 0 ? [] : [`  ${paint.bold('headers')}\n${headerLines(view.headers, paint)}`]),
    `  ${paint.bold('payload')}\n${indent(prettyPayload(view.payload))}`,
  ].join('\n\n');
}

function headerLines(headers: EventView['headers'], paint: Palette): string {
  const width = Math.max(...headers.map(([name]) => printable(name).length));
  return headers
    .map(([name, value]) => `  ${paint.dim(printable(name).padEnd(width))}   ${value === null ? '(no value)' : shown(value)}`)
    .join('\n');
}

function shown(value: Buffer): string {
  const text = asText(value);
  return text === undefined ? `(base64) ${value.toString('base64')}` : printable(text);
}

function indent(lines: string): string {
  return lines.replace(/^/gm, '  ');
}

/** Bytes in JSON: text where they are text, else marked as base64. */
export function bytesInJson(bytes: Buffer | null): string | null | { readonly base64: string } {
  return bytes === null ? null : (asText(bytes) ?? { base64: bytes.toString('base64') });
}
