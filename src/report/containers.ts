import type { PulledImage } from '../values/images.js';
import type { Report } from '../values/report.js';
import { formatBytes, formatDuration } from './progress.js';

/** Said of one image: what came, from where, how long it took, which digest it has. */
export function describePulled({ wanted, from, digest, bytes, ms, present }: PulledImage): string {
  const what =
    present || bytes === 0 ? 'was there already' : bytes === null ? 'pulled' : `${formatBytes(bytes)} pulled`;
  const where = wanted === from || from.endsWith(`/${wanted}`) ? '' : ` from ${from}`;
  return `${wanted}: ${what}${where} in ${formatDuration(ms)}${digest === null ? '' : `, ${digest}`}`;
}

/** Addresses of the mirrors that somebody was told of, in order of wish. */
export function usedMirrors({ containers }: Report): readonly string[] {
  const { mirrors = [], told = [] } = containers ?? {};
  return mirrors.map(({ url }) => url).filter((url) => told.some((one) => one.mirrors.includes(url)));
}

/** Images as a later step can name them for good: repository and digest; by their tag where no digest is known. */
export function pinnedImages({ containers }: Report): readonly string[] {
  return (containers?.images ?? []).map(({ from, digest }) =>
    digest === null ? from : `${from.replace(/@.*$/, '').replace(/:[^:/]+$/, '')}@${digest}`,
  );
}

/** What was done about containers: what it is about, and what is said of it. */
export function describeContainers(report: Report): (readonly [string, string])[] {
  const { containers, buildContext } = report;
  const { mirrors = [], told = [], images = [] } = containers ?? {};
  const used = usedMirrors(report);
  return [
    ...mirrors.map(({ id, url, fault, ms }) => {
      const address = id === new URL(url).host ? url : `${id}, ${url}`;
      const seen = fault === null ? `answered in ${formatDuration(ms)}` : fault.detail;
      return ['mirror', `${address}: ${used.includes(url) ? '' : 'not used: '}${seen}`] as const;
    }),
    ...told.map((one) => [one.tool, `${one.mirrors.join(', ')} (${one.where})`] as const),
    ...images.map((image) => ['image', describePulled(image)] as const),
    ...(buildContext === null ? [] : [['build folder', `docker build ${buildContext}`] as const]),
  ];
}
