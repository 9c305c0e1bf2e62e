/** A link or an image in a Markdown text, as written. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** The text without fenced code and code spans, line for line: what looks like a link in there is none. */
function prose(markdown: string): string[] {
  let fence: string | undefined;
  return markdown.split('\n').map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || line.trim().startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      return '';
    }
    return fence === undefined ? line.replace(/`[^`]*`/g, (code) => code.replace(/[[\]()]/g, ' ')) : '';
  });
}

/** Inline links `[text](target)`, images, reference definitions `[name]: target`. */
export function linksOf(markdown: string): Link[] {
  return prose(markdown).flatMap((text, index) =>
    [...text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|^\s*\[[^\]]+\]:\s*(\S+)/g)].map((match) => ({
      line: index + 1,
      target: match[1] ?? match[2] ?? '',
    })),
  );
}

/** The anchors of a text's headings as GitHub makes them, with -1, -2 for the same heading again. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of prose(markdown)) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) {
      continue;
    }
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replace(/ /g, '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) {
      anchor = `${slug}-${again}`;
    }
    anchors.add(anchor);
  }
  return anchors;
}

/** Every npm script a text tells its reader to run: `npm run lint`, `npm start`, `npm test`, in code or out of it. */
export function npmScriptsOf(markdown: string): string[] {
  const builtin = ['start', 'stop', 'test', 'restart'];
  const named = [...markdown.matchAll(/\bnpm (run )?(?:-[-\w]+ )*([a-z][\w:-]*)/g)];
  return named
    .filter(([, run, script = '']) => run !== undefined || builtin.includes(script))
    .map(([, , script = '']) => script);
}

/** Repository paths named in code spans: `libs/outbox/src/outbox.ts`; not patterns, not what a build makes. */
export function pathsOf(markdown: string): string[] {
  return [...markdown.matchAll(/`((?:apps|libs|infra|e2e|docs|\.github|\.ci)\/[\w./-]+)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !path.includes('/dist/') && !path.endsWith('/dist'));
}
