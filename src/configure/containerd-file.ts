import type { TomlTable } from 'smol-toml';
import type { Editor } from './editor.js';
import { bare, mirrorsOf } from './mirror-list.js';
import { parseToml, tableAt, writeToml } from './toml.js';

/** With `pull` alone a tag would be looked up at Docker Hub itself, which fails where Hub is out of reach. */
const capabilities = ['pull', 'resolve'];
const hub = 'https://registry-1.docker.io';

function split(text: string | null): {
  readonly top: TomlTable;
  readonly hosts: readonly (readonly [string, TomlTable])[];
} {
  const { host, ...top } = parseToml(text);
  const hosts = Object.entries(tableAt(host, 'host')).map(([name, table]) => [name, tableAt(table, name)] as const);
  return { top, hosts };
}

/** Hosts are asked in the order of the file. */
function write(top: TomlTable, hosts: readonly (readonly [string, TomlTable])[]): string {
  const head = writeToml(top);
  return hosts.length === 0
    ? head
    : `${head}${head === '' ? '' : '\n'}${writeToml({ host: Object.fromEntries(hosts) })}`;
}

/**
 * Mirrors of Docker Hub in containerd's `docker.io/hosts.toml` (https://github.com/containerd/containerd/blob/main/docs/hosts.md), ours
 * in front of the hosts that it names. Comments of such a file are lost while ours is in it.
 */
export const containerdFile: Editor = {
  put(text, part) {
    const { top, hosts } = split(text);
    const mirrors = mirrorsOf(part);
    const known = new Set(mirrors.map(bare));
    const ours = mirrors.map((address) => [address, { capabilities }] as const);
    return write({ server: hub, ...top }, [...ours, ...hosts.filter(([name]) => !known.has(bare(name)))]);
  },
  take(text, part, before) {
    const { top, hosts } = split(text);
    const ours = new Set(mirrorsOf(part).map(bare));
    const left = hosts.filter(([name]) => !ours.has(bare(name)));
    const { server, ...others } = top;
    const bareServer = Object.keys(others).length === 0 && server === hub;
    return left.length === 0 && bareServer && before === null ? null : write(top, left);
  },
};
