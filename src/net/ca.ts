import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import type { Log } from '../values/log.js';
import type { Network } from '../values/runner.js';

/** Where systems keep their bundle; for a Node that cannot ask the system (before 22.15). */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The certificates of a PEM text, one by one: a bundle is full of comments, and one broken entry must not cost the others. */
export function splitPem(text: string): string[] {
  return (
    text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g) ??
    []
  );
}

function isCertificate(pem: string, log: Log): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch (error) {
    log.debug(`A certificate of a CA file is left out: ${String(error)}`);
    return false;
  }
}

async function systemCertificates(): Promise<readonly string[]> {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'system') => string[] };
  if (getCACertificates !== undefined) return getCACertificates('system');
  for (const path of systemBundles) {
    const text = await readFile(path, 'utf8').catch(() => '');
    const found = splitPem(text);
    if (found.length > 0) return found;
  }
  return [];
}

/** What makes two PEM texts the same certificate: bundles break their lines at different widths. */
const keyOf = (pem: string) => pem.replace(/\s+/g, '');

/**
 * The certificates to trust, as PEM texts, each once: Node's own, the system's and those of every file that a setting names. A corporate
 * network names its CA in only one of several variables, so all of them count. A file that can't be read is a notice: the others may do.
 */
export async function trustedCertificates(network: Network, log: Log): Promise<string[]> {
  const known = [...tls.rootCertificates, ...(await systemCertificates())];
  const trusted = new Map(known.map((pem) => [keyOf(pem), pem]));
  for (const { path, setting } of network.caFiles) {
    const text = await readFile(path, 'utf8').catch((error: Error) => error);
    const found =
      typeof text === 'string'
        ? splitPem(text).filter((pem) => trusted.has(keyOf(pem)) || isCertificate(pem, log))
        : [];
    if (found.length === 0) {
      const why = typeof text === 'string' ? 'it holds no certificate in PEM form' : text.message;
      log.warn({
        id: `ca-file-${setting}`,
        text: `${setting} names ${path}, which cannot be used: ${why}. Correct or remove the setting.`,
      });
    }
    for (const pem of found) trusted.set(keyOf(pem), pem);
  }
  return [...trusted.values()];
}
