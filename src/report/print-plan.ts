import type { Report } from '../values/report.js';

type Chosen = NonNullable<Report['choice']>;

const bases: Readonly<Record<Chosen['basis'], string>> = {
  index: 'listed there now',
  lock: 'by a kept lock',
  catalogue: 'UNCONFIRMED: no source answered, so this is what the catalogue believes',
};

function formatBuild({ build }: Chosen, cuda: string | null): string[] {
  if (build === null) return [];
  const brings = [
    ['cuDNN', build.cudnn],
    ['NCCL', build.nccl],
    ['TensorRT', build.tensorrt],
  ].flatMap(([name, version]) => (version === null ? [] : [`${name} ${version}`]));
  return [
    ...(build.driver === null ? [] : [`needs: NVIDIA driver ${build.driver} or newer`]),
    ...(brings.length === 0 ? [] : [`made with: CUDA ${cuda}, ${brings.join(', ')}`]),
  ];
}

/** What `plan` prints: what would be installed and why, for which Python, from where and under which key. */
export function formatPlan(report: Report): string {
  const { plan, choice, runner, cache, sources } = report;
  const lines: string[] = [];
  if (plan !== null && choice !== null) {
    const cuda = plan.cuda === null ? '' : ` (CUDA ${plan.cuda})`;
    lines.push(
      `${plan.distribution} ${plan.version} for ${plan.device}${cuda}`,
      `why: ${choice.why}`,
      `from: ${choice.from.join(', ')}; ${bases[choice.basis]}`,
      ...formatBuild(choice, plan.cuda),
      'installs:',
      ...plan.pins.map((pin) => `  ${pin.name}${pin.specifier}: ${pin.reason}`),
      ...choice.differences.map((difference) => `differs: ${difference}`),
    );
  }
  if (runner !== null) {
    const system = [runner.os, runner.arch, runner.libc].filter((part) => part !== null).join(', ');
    lines.push(`python: ${runner.python} (${runner.pythonVersion}), ${system}`);
    if (runner.driver !== null)
      lines.push(`gpus: ${runner.gpus.join(', ') || 'none that a process can use'}; driver ${runner.driver}`);
  }
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
