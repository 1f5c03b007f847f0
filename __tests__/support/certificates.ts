import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A throw-away certificate authority and what it signed. */
export interface Authority {
  /** PEM file of the CA: what a corporate network names in `SSL_CERT_FILE`. */
  readonly caFile: string;
  /** Signs a server certificate. `days` below 0: one that has expired. */
  issue(host: string, days?: number): Promise<{ readonly key: string; readonly cert: string }>;
  /** Deletes its folder. */
  remove(): Promise<void>;
}

/** Makes a CA with the machine's `openssl`; throws where there is none. */
export async function makeAuthority(): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'authority-'));
  const at = (name: string) => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', [
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  ]);
  let issued = 0;
  return {
    caFile: at('ca.pem'),
    async issue(host, days = 2) {
      issued += 1;
      const name = at(`server-${issued}`);
      const subject = /^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`;
      await writeFile(`${name}.ext`, `subjectAltName=${subject}\n`);
      await run('openssl', ['req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${host}`]);
      const serial = String(Date.now() + issued);
      const sign = [
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-set_serial',
        serial,
      ];
      await run('openssl', [...sign, '-days', String(days), '-extfile', `${name}.ext`, '-out', `${name}.pem`]);
      return { key: await readFile(`${name}.key`, 'utf8'), cert: await readFile(`${name}.pem`, 'utf8') };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
