/** Where a text has user name and password; lengths are bounded, so that no text takes long. */
const places = [
  /(?<=\/\/)[^/?#\s]{0,2000}@/g,
  // A slash in a password ends the host for a parser, not for whoever wrote it: all up to the last `@` goes.
  /(?<=\/\/)(?!\*{3}@)[^/?#\s:]{0,500}:\S{0,500}@/g,
  // An address whose scheme was forgotten.
  /(?<![^\s"'`(,=])[^\s/\\@:"'`(,=]{1,500}:[^\s/\\@]{1,500}@(?=[\w[])/g,
];

/** Hides user name and password of every address in a text: `https://***@host/`. */
export function redact(text: string): string {
  return places.reduce((hidden, place) => hidden.replace(place, '***@'), text);
}

/**
 * An address as it may be printed: user name and password, the query (signed addresses carry secrets there) and the fragment
 * are hidden. Text that is no http(s) address is given back with anything that looks like credentials hidden. Never throws.
 */
export function maskUrl(text: string): string {
  const hidden = redact(text);
  if (!URL.canParse(hidden)) return hidden;
  const { protocol, username, host, pathname, search } = new URL(hidden);
  if (protocol !== 'http:' && protocol !== 'https:') return hidden;
  return `${protocol}//${username === '' ? '' : '***@'}${host}${pathname}${search === '' ? '' : '?***'}`;
}
