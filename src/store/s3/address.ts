import type { S3Place } from '../../values/s3.js';
import { encode } from './sign.js';

/** Amazon's own server of a region; the regions in China are a partition with a domain of its own. */
function amazon(region: string, service: 's3' | 'sts'): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** Address of Amazon's Security Token Service in a region. */
export function tokenService(region: string): string {
  return `${amazon(region, 'sts')}/`;
}

/** Address of an object; `key` is what follows the place's prefix. */
export function objectUrl(place: S3Place, region: string, key: string): URL {
  const { bucket, prefix, endpoint, pathStyle } = place;
  const url = new URL(endpoint ?? amazon(region, 's3'));
  if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
  const parts = [...(pathStyle ? [bucket] : []), ...prefix.split('/'), ...key.split('/')];
  url.pathname = `/${parts
    .filter((part) => part !== '')
    .map(encode)
    .join('/')}`;
  return url;
}
