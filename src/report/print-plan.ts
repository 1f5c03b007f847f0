import type { Report } from '../values/report.js';

/** What `plan` prints: what would be installed, for which Python, from where and under which key. */
export function formatPlan(report: Report): string {
  const { plan, runner, cache, sources } = report;
  const lines: string[] = [];
  if (plan !== null)
    lines.push(
      `${plan.distribution} ${plan.version} for ${plan.device}${plan.cuda === null ? '' : ` (CUDA ${plan.cuda})`}`,
    );
  for (const pin of plan?.pins ?? []) lines.push(`  ${pin.name}${pin.specifier}: ${pin.reason}`);
  if (runner !== null)
    lines.push(
      `python: ${runner.python} (${runner.pythonVersion}), ${[runner.os, runner.arch, runner.libc].filter((part) => part !== null).join(', ')}`,
    );
  for (const source of sources) lines.push(`source: ${source.id} ${source.url} (${source.origin})`);
  if (cache !== null) {
    lines.push(`cache: ${cache.store} in ${cache.folder}; ${cache.reason}`);
    lines.push(`key: ${cache.key}`, ...cache.anatomy.map(({ part, value }) => `  ${part}: ${value}`));
    lines.push(
      cache.hit === 'exact'
        ? 'A lock is kept for this request: no index would be asked.'
        : 'No lock is kept for this request: it would be resolved.',
    );
  }
  return `${lines.join('\n')}\n`;
}
