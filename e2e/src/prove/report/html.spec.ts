import { describe, expect, it } from 'vitest';
import { clipped, html } from './html.js';

describe('markup', () => {
  it('escapes every part, alone or in a list, also in an attribute', () => {
    const bad = `<b title="x">&</b>`;
    expect(html`<p title="${bad}">${[bad, 1]}</p>`.text).toBe(
      '<p title="&lt;b title=&quot;x&quot;&gt;&amp;&lt;/b&gt;">&lt;b title=&quot;x&quot;&gt;&amp;&lt;/b&gt;1</p>',
    );
  });

  it('leaves alone what it has made itself, and says nothing for nothing', () => {
    expect(html`<ul>${[1, 2].map((each) => html`<li>${each}</li>`)}${null}${undefined}</ul>`.text).toBe('<ul><li>1</li><li>2</li></ul>');
  });

  it('clips a text that is too long', () => {
    expect(clipped('short', 5)).toBe('short');
    expect(clipped('longer', 5)).toBe('long…');
  });
});
