/** Where the operating system and the user are; programs do not start, or not right, without them. */
const system = [
  'PATH HOME USER LOGNAME SHELL TZ LANG LANGUAGE TMPDIR TMP TEMP TERM',
  'SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS USERNAME USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA ALLUSERSPROFILE',
  'PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES COMMONPROGRAMFILES(X86) NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE',
  'LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR',
];

/** What a build of an sdist or a VCS requirement may need: compilers, their search paths, git and its keys, version managers' shims. */
const building = [
  'CC CXX CPP FC AR AS LD NM RANLIB STRIP CFLAGS CXXFLAGS CPPFLAGS FFLAGS LDFLAGS LDSHARED ARCHFLAGS MAKE MAKEFLAGS',
  'CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH PKG_CONFIG PKG_CONFIG_PATH PKG_CONFIG_LIBDIR INCLUDE LIB LIBPATH',
  'SDKROOT DEVELOPER_DIR MACOSX_DEPLOYMENT_TARGET SOURCE_DATE_EPOCH CUDA_HOME CUDA_PATH CARGO_HOME RUSTUP_HOME RUSTFLAGS',
  'SSH_AUTH_SOCK PYENV_ROOT PYENV_VERSION ASDF_DIR ASDF_DATA_DIR',
];

const names: ReadonlySet<string> = new Set([...system, ...building].flatMap((line) => line.split(' ')));
const families =
  /^(LC_|CMAKE_|GIT_(SSH|SSL_|CONFIG_|ASKPASS|TERMINAL_)|SETUPTOOLS_SCM_|VSCMD_|VC(IDE|INSTALL|TOOLS))(?!.*PROXY)/;

/**
 * The environment of an installer: what the lists above name, and `extra`, which wins. An allow-list, because anything else changes
 * what uv and pip do in ways that cannot all be known: `UV_*`, `PIP_*`, `*_PROXY`, `NO_PROXY`, `REQUEST_METHOD` (makes HTTP_PROXY be
 * ignored), `NETRC`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `PYTHONHOME` and `PYTHONPATH` (what it holds looks installed and is not in the
 * environment), CA files and every token of the job stay out. Names are compared without regard to case, as Windows does.
 */
export function installerEnvironment(
  environment: NodeJS.ProcessEnv,
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const ours = new Set(Object.keys(extra).map((name) => name.toUpperCase()));
  const kept = Object.entries(environment).flatMap(([name, value]) => {
    const upper = name.toUpperCase();
    const wanted = value !== undefined && !ours.has(upper) && (names.has(upper) || families.test(upper));
    return wanted ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(kept), ...extra };
}

/** The runner's own services, the inputs and state of this step, and the keys of its bucket: none is for what a package does when it is imported. */
const keys =
  /^(ACTIONS_(RUNTIME|RESULTS|CACHE|ID_TOKEN)_|INPUT_|STATE_|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_)|(GITHUB|GH)_TOKEN$)/i;

/**
 * The environment in which installed packages run: all of the job's, which decides what a Python is and which libraries and devices it
 * finds (PATH, LD_LIBRARY_PATH, CUDA_*, NCCL_*, FLAGS_*), without its keys.
 */
export function packageEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || keys.test(name) ? [] : [[name, value]],
    ),
  );
}
