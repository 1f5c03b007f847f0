import type { TomlTable } from 'smol-toml';
import type { Editor } from './editor.js';
import { merged, mirrorsOf, without } from './mirror-list.js';
import { appendToml, parseToml, tableAt, writeToml } from './toml.js';

/** BuildKit writes a mirror as a host with an optional path; the scheme follows from the section of that host. */
function location(address: string): string {
  return address.replace(/^https?:\/\//, '');
}

/** A mirror that speaks plain http says so in a section of its own host. */
function plainHosts(mirrors: readonly string[]): string[] {
  return mirrors.filter((address) => address.startsWith('http:')).map((address) => new URL(address).host);
}

function sections(text: string | null) {
  const all = parseToml(text);
  const registry = tableAt(all['registry'], 'registry');
  const hub = tableAt(registry['docker.io'], 'registry."docker.io"');
  const there = hub['mirrors'] ?? [];
  if (!Array.isArray(there) || !there.every((one) => typeof one === 'string'))
    throw new SyntaxError('`mirrors` of registry."docker.io" is no list of hosts');
  return { all, registry, hub, there };
}

/**
 * Mirrors of Docker Hub in a buildkitd.toml (https://docs.docker.com/build/buildkit/toml-configuration/), ours in front. A file that says
 * nothing of the hosts in question keeps its text, and ours stands at its end.
 */
export const buildkitFile: Editor = {
  put(text, part) {
    const mirrors = mirrorsOf(part);
    const { all, registry, hub, there } = sections(text);
    const plain = plainHosts(mirrors).map((host) => [host, { ...tableAt(registry[host], host), http: true }] as const);
    const ours: TomlTable = {
      ...Object.fromEntries(plain),
      'docker.io': { ...hub, mirrors: merged(mirrors.map(location), there) },
    };
    const known = Object.keys(ours).some((name) => name in registry);
    // A table written in one line, `registry = { ... }`, cannot be added to below.
    const closed = /^\s*registry\s*[=.]/m.test(text ?? '');
    if (!known && !closed) return appendToml(text, { registry: ours });
    return writeToml({ ...all, registry: { ...registry, ...ours } });
  },
  take(text, part, before) {
    const mirrors = mirrorsOf(part);
    const { all, registry, hub, there } = sections(text);
    const left = without(there, mirrors.map(location));
    const { mirrors: _ours, ...others } = hub;
    const rest = left.length > 0 ? { ...others, mirrors: left } : others;
    const displaced = tableAt(parseToml(before)['registry'], 'registry');
    const plain = plainHosts(mirrors).filter((host) => displaced[host] === undefined);
    const kept = Object.entries(registry).filter(([name]) => name !== 'docker.io' && !plain.includes(name));
    const { registry: _registry, ...top } = all;
    const whole: TomlTable = Object.fromEntries(kept);
    if (Object.keys(rest).length > 0) whole['docker.io'] = rest;
    const found = writeToml(Object.keys(whole).length > 0 ? { ...top, registry: whole } : top);
    return found === '' && before === null ? null : found;
  },
};
