import type { HttpAnswer } from '../../values/http.js';

/** A store's answer that is no success, or none at all. */
export class S3Refusal extends Error {
  /** 0 where no answer came. */
  readonly status: number;
  /** The store's own word (`AccessDenied`, `SlowDown`); '' where it has none, as in answers to HEAD. */
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, code: string, message: string, remedy: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'S3Refusal';
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

/** Bytes of an error document that are read. */
const LIMIT = 2 ** 16;

const remedies: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [/^NoSuchBucket$/, 'Make the bucket, or correct its name in cache-url.'],
  [/^(InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken)$/, 'Check the keys that this job is given.'],
  [/^RequestTimeTooSkewed$/, "Set this machine's clock."],
  [/^(AccessDenied|AllAccessDisabled|)$/, 'Check what the keys may do; docs/s3.md has the policy that is needed.'],
];

/** A tag of an error document (Amazon S3 API Reference, "Error Responses"); '' where it is missing. */
function tag(document: string, name: string): string {
  return new RegExp(`<${name}>([^<]{1,200})</${name}>`).exec(document)?.[1] ?? '';
}

function remedyFor(status: number, code: string, region: string): string {
  if (region !== '' && (status === 301 || status === 400 || status === 307)) {
    return `The bucket is in the region ${region}: write \`region=${region}\` in cache-url.`;
  }
  if (status !== 403 && status !== 404 && status !== 400) return 'Try again later.';
  return remedies.find(([pattern]) => pattern.test(code))?.[1] ?? 'Check cache-url and what the keys may do.';
}

/** Reads an answer that is no success, to its end. `asked` says what was asked, without secrets. */
export async function readRefusal(answer: HttpAnswer, asked: string): Promise<S3Refusal> {
  const document = await answer.text(LIMIT).catch(() => '');
  const code = tag(document, 'Code');
  const region = answer.headers['x-amz-bucket-region'] ?? tag(document, 'Region');
  const said = [code, tag(document, 'Message')].filter((text) => text !== '').join(': ');
  const what = `${asked}: the store answered ${answer.status}${said === '' ? '' : ` (${said})`}`;
  return new S3Refusal(answer.status, code, what, remedyFor(answer.status, code, region));
}
