import type { Report } from '../values/report.js';
import { pinnedImages, usedMirrors } from './containers.js';

/** Values of the action's outputs, by name; what is not known is empty. `report` and `venv` are paths. */
export function outputs(report: Report, reportPath: string): Readonly<Record<string, string>> {
  const { verification } = report;
  const gpus = verification?.verified ? verification.devices.filter(({ id }) => id.startsWith('gpu')) : [];
  const servers = report.sources.filter((source) => source.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  return {
    'paddle-version': report.plan?.version ?? '',
    device: report.plan?.device ?? '',
    'cuda-version': report.plan?.cuda ?? '',
    python: report.install?.python ?? report.runner?.python ?? '',
    venv: report.install?.venv ?? '',
    mirror: servers[0]?.url ?? '',
    'cache-hit': String(report.cache?.hit === 'exact'),
    'cache-key': report.cache?.key ?? '',
    lock: report.lock?.path ?? '',
    report: reportPath,
    'docker-mirrors': usedMirrors(report).join(','),
    'docker-images': pinnedImages(report).join('\n'),
    'docker-context': report.buildContext ?? '',
    'gpu-count': String(gpus.length),
    verified: String(verification?.verified ?? false),
  };
}
