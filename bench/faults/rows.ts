import { readFileSync } from 'node:fs';
import type { Damage } from './bad-mirror.js';
import * as damage from './damage.js';
import type { Stage } from './stage.js';

/** What a client is given: indexes in the order of wish, and what its environment says besides. */
export interface Scene {
  readonly indexes: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** One fault of the matrix. */
export interface Row {
  readonly name: string;
  /** Words of which a plain message holds at least one. */
  readonly reason: RegExp;
  open(stage: Stage): Promise<Scene>;
  /** No source could save it: a plain failure is what is hoped for. */
  readonly hopeless?: true;
  /** The client is killed when half of the bytes have come, and run again. */
  readonly killed?: true;
  /** Everything is written to a disk of this many bytes. */
  readonly diskBytes?: number;
}

/** The first mirror has a fault, in what it answers of one kind alone where that is named; the second is good. */
function bad(name: string, reason: RegExp, harm: Damage, kind?: 'page' | 'file'): Row {
  const damaged = kind === undefined ? harm : damage.only(kind, harm);
  return {
    name,
    reason,
    open: async (stage) => ({ indexes: [(await stage.bad(damaged)).index, (await stage.good()).index] }),
  };
}

/** The first mirror is an address alone. */
function unreachable(name: string, reason: RegExp, address: (stage: Stage) => Promise<string>): Row {
  return { name, reason, open: async (stage) => ({ indexes: [await address(stage), (await stage.good()).index] }) };
}

/** Clients are told which authority to trust, in the way that each of them reads. */
function trusting(caFile: string): Record<string, string> {
  return { SSL_CERT_FILE: caFile, PIP_CERT: caFile, REQUESTS_CA_BUNDLE: caFile };
}

function tls(name: string, reason: RegExp, host: string, days: number, trusted: boolean): Row {
  return {
    name,
    reason,
    async open(stage) {
      const authority = await stage.authority();
      const first = await stage.bad(damage.pass, await authority.issue(host, days));
      const indexes = [first.index, (await stage.good()).index];
      return trusted ? { indexes, environment: trusting(authority.caFile) } : { indexes };
    },
  };
}

/** A project page of an old day: PaddlePaddle and numpy in another version than there is now, whose files are gone. */
function stale(text: string): string {
  return text.replace(/\b(paddlepaddle|numpy)-\d[\w.]*-/g, '$1-0.1-');
}

/** A page whose links lead elsewhere: `to` gives an address for a file name. */
function links(to: (filename: string) => string): Damage {
  return damage.rewrite((text) =>
    text.replace(/\/files\/[^/"#]+\/([^/"#]+)/g, (_link, filename: string) => to(filename)),
  );
}

const login = `<!DOCTYPE html><html><head><title>Campus network</title></head><body><h1>Please log in</h1>
<form action="/login" method="post"><input name="user"><input name="password" type="password"></form></body></html>`;

/** A loopback address that nobody uses, as another host in a link. */
const otherHost = 'http://127.0.0.2:9';

const answers: readonly {
  readonly code: number;
  readonly headers?: Record<string, string>;
  readonly reason: RegExp;
}[] = [
  { code: 403, reason: /403|forbidden/i },
  { code: 404, reason: /404|not found|does not have|missing/i },
  { code: 407, reason: /407|proxy/i },
  { code: 410, reason: /410|gone/i },
  { code: 429, reason: /429|too many/i },
  { code: 429, headers: { 'retry-after': '2' }, reason: /429|too many/i },
  { code: 500, reason: /500|internal server/i },
  { code: 502, reason: /502|bad gateway/i },
  { code: 503, reason: /503|unavailable/i },
  { code: 503, headers: { 'retry-after': '2' }, reason: /503|unavailable/i },
  { code: 504, reason: /504|gateway time/i },
];

const statuses: readonly Row[] = (['page', 'file'] as const).flatMap((kind) =>
  answers.map(({ code, headers, reason }) => {
    const wait = headers === undefined ? '' : ' with Retry-After';
    return bad(`${code}${wait} on the ${kind}`, reason, damage.status(code, headers), kind);
  }),
);

const timeOut = /time|deadline|stall|nothing more|no answer/i;
const broken = /reset|broken|closed|ended|end of file|incomplete|interrupt|premature/i;
const wrong = /hash|sha256|digest|bytes|bad uncompressed|decompression error|corrupt/i;

/** Every fault, in the order of the table. */
export const rows: readonly Row[] = [
  unreachable('connection refused', /refused/i, (stage) => stage.closed()),
  unreachable('unknown host name', /dns|resol|name|host/i, () => Promise.resolve('http://mirror.invalid/simple/')),
  unreachable('connecting hangs', timeOut, (stage) => stage.hanging()),
  tls('TLS: expired certificate', /expired/i, '127.0.0.1', -1, true),
  tls('TLS: unknown authority', /unknown ?issuer|self.signed|authority|issuer|verify failed/i, '127.0.0.1', 2, false),
  tls('TLS: certificate of another name', /name|valid for|mismatch|match/i, 'other.example', 2, true),
  bad('headers never end', timeOut, damage.endlessHeaders),
  bad('page never answered', timeOut, damage.silence, 'page'),
  bad('file never answered', timeOut, damage.silence, 'file'),
  bad('stall at 0 %', timeOut, damage.cut(0, 'silence')),
  bad('stall at 50 %', timeOut, damage.cut(0.5, 'silence')),
  bad('stall at 90 %', timeOut, damage.cut(0.9, 'silence')),
  bad('reset at 50 %', broken, damage.cut(0.5, 'reset')),
  bad('reset at 90 %', broken, damage.cut(0.9, 'reset')),
  bad('every connection reset after 1 MB', broken, damage.resetAfter(2 ** 20)),
  bad('truncated, length announced', broken, damage.cut(0.5, 'close')),
  bad('truncated, no length', /hash|sha256|short|truncat|ended|bytes|zip|central/i, damage.cut(0.5, 'close', false)),
  bad('longer than announced', /longer|hash|length|malformed|bytes/i, damage.longer),
  bad('one wrong byte', wrong, damage.spoil(flipMiddle)),
  bad(
    'every byte wrong',
    wrong,
    damage.spoil((bytes) => bytes.map((byte) => byte ^ 0xff) as Buffer),
  ),
  bad(
    'wrong hash on the page',
    wrong,
    damage.rewrite((text) => text.replace(/[0-9a-f]{64}/g, (hash) => hash.split('').reverse().join(''))),
  ),
  bad('page stale', /stale|0\.1|only .*available|not at the requested version|404/i, damage.rewrite(stale)),
  bad(
    'page empty with 200',
    /empty|no file/i,
    damage.rewrite((text) => text.replace(/"files":\[.*\]/s, '"files":[]').replace(/<a .*<\/a>/gs, '')),
  ),
  bad('page is a login', /html|login|log in|web page/i, damage.instead('text/html; charset=utf-8', login)),
  bad(
    'page is 2 MB of garbage',
    /garbage|malformed|invalid|binary|parse|not an index/i,
    damage.instead('text/html', garbage()),
  ),
  bad(
    'hostile link: ../../',
    /link|path|invalid|left out|404/i,
    links((name) => `../../../..%2f..%2fetc%2f${name}`),
  ),
  bad(
    'hostile link: file:',
    /file:|link|left out|no such file/i,
    links((name) => `file:///nowhere/${name}`),
  ),
  bad(
    'hostile link: another host',
    /refused|127\.0\.0\.2/i,
    links((name) => `${otherHost}/${name}`),
  ),
  ...statuses,
  bad(
    'redirect loop',
    /redirect/i,
    damage.redirect(({ path }) => path),
  ),
  {
    name: 'redirect to http',
    reason: /redirect|https/i,
    async open(stage) {
      const [authority, good] = [await stage.authority(), await stage.good()];
      const plain = await stage.bad(damage.pass);
      const away = damage.only(
        'file',
        damage.redirect(({ path }) => plain.url + path),
      );
      const first = await stage.bad(away, await authority.issue('127.0.0.1'));
      return { indexes: [first.index, good.index], environment: trusting(authority.caFile) };
    },
  },
  bad('range ignored', wrong, damage.noRanges),
  bad('range off by one', wrong, damage.offByOne),
  bad('206 with another range', /range|malformed|bytes/i, damage.wrongRange),
  bad('gzip on a wheel', /gzip|encod|hash|malformed/i, damage.gzipped),
  bad('1 kB/s', /slow|time/i, damage.trickle(1024)),
  bad('mirror dies between page and file', /refused|reset|broken/i, damage.diesAtFile),
  {
    name: 'the only mirror recovers after 3 s',
    reason: /503|unavailable/i,
    open: async (stage) => ({ indexes: [(await stage.bad(damage.recovers(3000))).index] }),
  },
  {
    name: 'disk full',
    reason: /disk|space|no room/i,
    open: async (stage) => ({ indexes: [(await stage.good()).index] }),
    hopeless: true,
    diskBytes: 24 * 2 ** 20,
  },
  {
    name: 'killed at 50 % and run again',
    reason: /./,
    open: async (stage) => ({ indexes: [(await stage.good({ bytesPerSecondPerConnection: 4 * 2 ** 20 })).index] }),
    killed: true,
  },
  {
    name: 'proxy that refuses',
    reason: /proxy|403|forbidden/i,
    async open(stage) {
      const proxy = await stage.bad(damage.status(403));
      const environment = {
        HTTP_PROXY: proxy.url,
        http_proxy: proxy.url,
        NO_PROXY: '127.0.0.1',
        no_proxy: '127.0.0.1',
      };
      return { indexes: ['http://mirror.invalid/simple/', (await stage.good()).index], environment };
    },
  },
  {
    name: 'two of three sources dead',
    reason: /refused/i,
    open: async (stage) => ({ indexes: [await stage.closed(), await stage.closed(), (await stage.good()).index] }),
  },
  {
    name: 'all dead',
    reason: /refused/i,
    open: async (stage) => ({ indexes: [await stage.closed(), await stage.closed()] }),
    hopeless: true,
  },
];

/** One byte in the middle of the file becomes another one, in whichever answer holds it. */
function flipMiddle(bytes: Buffer, { from, size }: { readonly from: number; readonly size: number }): Buffer {
  const at = Math.floor(size / 2) - from;
  const byte = bytes[at];
  if (byte !== undefined) bytes[at] = byte ^ 0xff;
  return bytes;
}

/** What a broken disk might give: the bytes of the program that runs this, which are no text. */
function garbage(): Buffer {
  return readFileSync(process.execPath).subarray(2 ** 22, 2 ** 22 + 2 * 2 ** 20);
}
