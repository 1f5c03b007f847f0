import type { TomlTable } from 'smol-toml';
import type { Editor } from './editor.js';
import { mirrorsOf } from './mirror-list.js';
import { appendToml, isTable, parseToml, writeToml } from './toml.js';

function tables(found: unknown, name: string): TomlTable[] {
  if (found === undefined) return [];
  if (!Array.isArray(found) || !found.every(isTable)) throw new SyntaxError(`\`${name}\` is no list of tables`);
  return found;
}

function split(text: string | null) {
  const all = parseToml(text);
  const registries = tables(all['registry'], 'registry');
  // A registry is known by its prefix, which is its location where none is given.
  const hub = registries.find(({ prefix, location }) => (prefix ?? location) === 'docker.io');
  return { all, registries, hub, mirrors: tables(hub?.['mirror'], 'registry.mirror') };
}

function mirrorTable(address: string): TomlTable {
  const { protocol, host, pathname } = new URL(address);
  const location = `${host}${pathname.replace(/\/+$/, '')}`;
  return protocol === 'http:' ? { location, insecure: true } : { location };
}

function others(mirrors: readonly TomlTable[], ours: readonly TomlTable[]): TomlTable[] {
  const known = new Set(ours.map(({ location }) => location));
  return mirrors.filter(({ location }) => location === undefined || !known.has(location));
}

/**
 * Mirrors of Docker Hub in a registries.conf or a drop-in of it (containers-registries.conf(5), version 2), ours in front. A file that
 * says nothing of Docker Hub keeps its text, and ours stands at its end. `base` of the part is what a new file begins with.
 */
export const podmanFile: Editor = {
  put(text, part) {
    const { base } = part;
    const below = text ?? (typeof base === 'string' && base !== '' ? base : null);
    const { all, registries, hub, mirrors } = split(below);
    const ours = mirrorsOf(part).map(mirrorTable);
    const whole = { ...(hub ?? { location: 'docker.io' }), mirror: [...ours, ...others(mirrors, ours)] };
    if (hub !== undefined) return writeToml({ ...all, registry: registries.map((one) => (one === hub ? whole : one)) });
    // `registry = [...]` cannot be added to below.
    if (/^\s*registry\s*=/m.test(below ?? '')) return writeToml({ ...all, registry: [...registries, whole] });
    return appendToml(below, { registry: [whole] });
  },
  take(text, part, before) {
    const { all, registries, hub, mirrors } = split(text);
    if (hub === undefined) return text;
    const left = others(mirrors, mirrorsOf(part).map(mirrorTable));
    const { mirror: _mirror, ...rest } = hub;
    const ours = left.length === 0 && split(before).hub === undefined && Object.keys(rest).join() === 'location';
    const changed = left.length > 0 ? { ...rest, mirror: left } : rest;
    const kept = registries.flatMap((one) => (one !== hub ? [one] : ours ? [] : [changed]));
    const { registry: _registry, ...top } = all;
    const found = writeToml(kept.length > 0 ? { ...top, registry: kept } : top);
    return found === '' && before === null ? null : found;
  },
};
