import type { TagEnvironment } from './tags.js';

/** The variables of environment markers, named as in PEP 508. */
export interface MarkerEnvironment {
  readonly implementation_name: string;
  readonly implementation_version: string;
  readonly os_name: string;
  readonly platform_machine: string;
  readonly platform_python_implementation: string;
  readonly platform_release: string;
  readonly platform_system: string;
  readonly platform_version: string;
  readonly python_full_version: string;
  readonly python_version: string;
  readonly sys_platform: string;
}

const systems: Readonly<Record<string, Pick<MarkerEnvironment, 'os_name' | 'platform_system' | 'sys_platform'>>> = {
  linux: { os_name: 'posix', platform_system: 'Linux', sys_platform: 'linux' },
  macosx: { os_name: 'posix', platform_system: 'Darwin', sys_platform: 'darwin' },
  win: { os_name: 'nt', platform_system: 'Windows', sys_platform: 'win32' },
};
const windowsMachines: Readonly<Record<string, string>> = { 'win-amd64': 'AMD64', 'win-arm64': 'ARM64', win32: 'x86' };

/**
 * The marker variables of an interpreter (PEP 508). Kernel release and version are left empty: no package of this field asks for them,
 * and they would make two machines with equal software look different.
 */
export function markerEnvironment(interpreter: TagEnvironment): MarkerEnvironment {
  const { implementation, version, platform, macos } = interpreter;
  const [, family = '', machine = ''] = /^([a-z]+)(?:32)?(?:-[\d.]+)?-?(.*)$/.exec(platform) ?? [];
  const names: Readonly<Record<string, string>> = { cpython: 'CPython', pypy: 'PyPy', graalpy: 'GraalVM' };
  return {
    ...(systems[family] ?? { os_name: 'posix', platform_system: family, sys_platform: family }),
    implementation_name: implementation,
    implementation_version: version,
    platform_machine: macos?.machine ?? windowsMachines[platform] ?? machine,
    platform_python_implementation: names[implementation] ?? implementation,
    platform_release: '',
    platform_version: '',
    python_full_version: version,
    python_version: version.split('.').slice(0, 2).join('.'),
  };
}
