import { BlockList, isIP } from 'node:net';
import type { Network } from '../values/runner.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('0.0.0.0', 'ipv4');
loopback.addAddress('::1', 'ipv6');

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
const bare = (host: string) =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');

/** Whether a host (name or address, with or without brackets) is this machine by its name alone (RFC 6761 section 6.3). */
export function isLoopback(host: string): boolean {
  const name = bare(host);
  return (
    name === 'localhost' || name.endsWith('.localhost') || (isIP(name) !== 0 && loopback.check(name, family(name)))
  );
}

function inSubnet(host: string, entry: string): boolean {
  const [network = '', prefix = ''] = entry.split('/');
  const size = Number(prefix);
  if (isIP(network) === 0 || !/^\d+$/.test(prefix) || size > (isIP(network) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, size, family(network));
  return isIP(host) !== 0 && list.check(host, family(host));
}

/**
 * Whether one entry of NO_PROXY covers a host and port. As curl, Go and Python's requests read it: `*` is everything, `example.org`,
 * `.example.org` and `*.example.org` are the host and what is under it, `host:8080` that port alone, `10.0.0.0/8` a subnet.
 */
export function noProxyCovers(entry: string, host: string, port: number): boolean {
  const text = entry.trim().toLowerCase();
  const name = bare(host);
  if (text === '' || text === '*') return text === '*';
  if (text.includes('/')) return inSubnet(name, text);
  const [, withPort = '', portText = ''] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text) ?? [];
  if (portText !== '' && Number(portText) !== port) return false;
  const wanted = bare(withPort || text).replace(/^\*?\./, '');
  return wanted !== '' && (name === wanted || (isIP(name) === 0 && name.endsWith(`.${wanted}`)));
}

/**
 * The proxy for an http(s) address, with its credentials, or null for a direct connection. Loopback hosts are always reached directly.
 * A proxy written without a scheme is an http one, as everywhere.
 */
export function proxyFor(url: URL, network: Network): string | null {
  const proxy = url.protocol === 'https:' ? network.httpsProxy : network.httpProxy;
  if (proxy === null || proxy.trim() === '' || isLoopback(url.hostname)) return null;
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const entries = network.noProxy.flatMap((entry) => entry.split(/[\s,]+/));
  if (entries.some((entry) => noProxyCovers(entry, url.hostname, port))) return null;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}
