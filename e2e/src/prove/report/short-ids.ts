import { html, type Part } from './html.js';

const UUID = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/;

/** The text with the ends of its ids; ids that were made at the same time begin alike: their ends tell them apart. */
export function withIds(text: string): Part {
  return text.split(UUID).map((part, index) => (index % 2 === 0 ? part : html`<span class="id" title="${part}">…${part.slice(-8)}</span>`));
}
