import { Parser } from 'htmlparser2';

/** What a link says before it is checked. */
export interface Link {
  readonly href: string;
  /** Stated beside the address (PEP 691); null: take the last part of the address. */
  readonly filename: string | null;
  readonly sha256: string | null;
  readonly size: number | null;
  readonly requiresPython: string | null;
  readonly yanked: string | null;
  readonly uploadTime: string | null;
  /** METADATA as a file of its own, in the words of PEP 714: `true`, or `sha256=` and a hash; null: none. */
  readonly metadata: string | null;
}

/** What an HTML text holds, as far as an index page goes. */
export interface HtmlLinks {
  /** `<base href>` of the page, or null. */
  readonly base: string | null;
  readonly links: readonly Link[];
  /** It presents itself as an index: by its meta tag (PEP 629) or title, or there is nothing else on it. */
  readonly index: boolean;
  /** First words of the visible text, at most 120 characters. */
  readonly words: string;
}

/** Reads the anchors of an HTML page and what PEP 503, 592 and 629 attach to them. Never throws. */
export function readHtmlLinks(html: string): HtmlLinks {
  let base: string | null = null;
  let title = '';
  let words = '';
  let declared = false;
  let interactive = false;
  let hidden = 0;
  let scripted = false;
  let inTitle = false;
  const links: Link[] = [];
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'base') base ??= attributes['href'] ?? null;
      else if (name === 'meta') declared ||= attributes['name'] === 'pypi:repository-version';
      else if (name === 'title') inTitle = true;
      else if (name === 'script' || name === 'style') {
        hidden += 1;
        scripted ||= name === 'script';
      } else if (name === 'form' || name === 'input' || name === 'iframe') interactive = true;
      else if (name === 'a' && attributes['href'] !== undefined) {
        links.push({
          href: attributes['href'],
          filename: null,
          sha256: null,
          size: null,
          requiresPython: attributes['data-requires-python'] || null,
          yanked: attributes['data-yanked'] ?? null,
          uploadTime: null,
          metadata: attributes['data-core-metadata'] ?? attributes['data-dist-info-metadata'] ?? null,
        });
      }
    },
    ontext(text) {
      if (inTitle) title += text;
      else if (hidden === 0 && words.length < 240) words += text;
    },
    onclosetag(name) {
      if (name === 'title') inTitle = false;
      else if (name === 'script' || name === 'style') hidden -= 1;
    },
  });
  parser.end(html);
  const visible = words.replace(/\s+/g, ' ').trim().slice(0, 120);
  const titled = /^\s*(links for|simple index|index of)\b/i;
  // What is empty until a script has run, as the front page of a portal, says nothing of what there is.
  const bare =
    visible === '' && !scripted && links.length === 0 && (html.trim() === '' || /<(?:html|body|!doctype)/i.test(html));
  return {
    base,
    links,
    index: !interactive && (declared || titled.test(title) || titled.test(visible) || bare),
    words: visible,
  };
}
