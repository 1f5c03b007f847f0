/** A place in an S3-compatible object store, as `cache-url` names it. */
export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends; '' for none. */
  readonly prefix: string;
  /** Origin of the store's server (`https://host:port`); null: Amazon's for the region. */
  readonly endpoint: string | null;
  /** Null: what the environment or the profile says, else `us-east-1`. */
  readonly region: string | null;
  /** The bucket stands in the path (`host/bucket/key`) and not in the host name (`bucket.host/key`). */
  readonly pathStyle: boolean;
}

/** What signs requests to a store. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that end; null for those that stay. */
  readonly sessionToken: string | null;
  /** When they end, ms since the epoch; null: never. */
  readonly expires: number | null;
}

/** The place as it is shown: `s3://bucket/prefix`, with the server where it is not Amazon's. */
export function nameOfPlace({ bucket, prefix, endpoint }: S3Place): string {
  const server = endpoint === null ? '' : ` at ${new URL(endpoint).host}`;
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}${server}`;
}
