import { advise, type Given, type Report, show } from './rules.js';

const unitBytes: Readonly<Record<string, number>> = {
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `20GB`, `1.5TB`, `500 MiB` as bytes; Infinity for `off`. */
export function readSize(given: Given, report: Report): number {
  const [, count = '', unit = ''] = /^(\d{1,6}(?:\.\d{1,3})?) ?([mgt]i?b)$/i.exec(given.text) ?? [];
  const bytes = Number(count) * (unitBytes[unit.toLowerCase()] ?? 0);
  if (given.text === 'off') {
    return Number.POSITIVE_INFINITY;
  }
  if (bytes === 0) {
    const digits = /^[1-9]\d{0,5}/.exec(given.text)?.[0];
    report({
      where: given.where,
      what: `It is ${show(given.text)}; allowed is a size with MB, GB, TB (or MiB, GiB, TiB), or off for no limit.`,
      remedy: advise(given, digits === undefined ? '30GB' : `${digits}GB`),
    });
  }
  return bytes;
}
