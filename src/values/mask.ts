/**
 * An address as it may be printed: user name and password, the query (signed addresses carry secrets there) and the fragment
 * are hidden. Text that is no http(s) address is given back with anything that looks like credentials hidden. Never throws.
 */
export function maskUrl(text: string): string {
  if (URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'http:' || url.protocol === 'https:') {
      const user = url.username !== '' || url.password !== '' ? '***@' : '';
      return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === '' ? '' : '?***'}`;
    }
  }
  return text.replace(/\/\/[^/\s]*@/g, '//***@');
}
