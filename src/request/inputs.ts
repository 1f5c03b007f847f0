/** How an input is written. */
export type InputType = 'text' | 'lines' | 'choice' | 'boolean' | 'switch' | 'duration' | 'number' | 'path';

/** One input: the same as action input, CLI flag and line of the README. */
export interface InputSpec {
  readonly name: string;
  /** What holds when it is left out or empty; null where that is nothing. */
  readonly default: string | null;
  readonly type: InputType;
  /** Its text must never be seen: not printed, not on a command line, not in a child's environment. */
  readonly secret?: true;
  /** For `choice` and `switch`: the words allowed. */
  readonly choices?: readonly string[];
  /** One or two plain sentences. */
  readonly help: string;
}

const table = [
  {
    name: 'paddle-version',
    default: null,
    type: 'text',
    help: 'Version of PaddlePaddle: `3.2.2`, `3.3.*`, `>=3.1,<3.3`, `latest` or `nightly`. Left out: what the requirements pin, else the newest good release.',
  },
  {
    name: 'device',
    default: 'auto',
    type: 'text',
    help: 'What PaddlePaddle computes on: `auto` (what the machine has), `cpu`, `gpu` (newest CUDA build that driver and GPU take), `cu118` to `cu130`, or `xpu`, `npu`, `dcu`, `mlu`, `gcu`, `maca`, `ixuca`.',
  },
  {
    name: 'requirements',
    default: null,
    type: 'lines',
    help: 'Requirements files to install together with PaddlePaddle, one a line, or one `pylock.toml`.',
  },
  {
    name: 'packages',
    default: null,
    type: 'lines',
    help: 'More requirements, one a line, written as in a requirements file.',
  },
  {
    name: 'python',
    default: 'python',
    type: 'path',
    help: 'The Python to install for: a path or a name on PATH.',
  },
  {
    name: 'venv',
    default: null,
    type: 'path',
    help: 'Folder of the virtual environment to create or use again. Left out: the environment of the interpreter itself.',
  },
  {
    name: 'install',
    default: 'on',
    type: 'switch',
    choices: ['on', 'off'],
    help: '`off` only fills the cache, for a job that runs ahead of a matrix.',
  },
  {
    name: 'installer',
    default: 'uv',
    type: 'choice',
    choices: ['uv', 'pip'],
    help: 'The program that installs, `uv` or `pip`. Both get the same locked files.',
  },
  {
    name: 'mirrors',
    default: 'auto',
    type: 'lines',
    help: '`auto` takes the fastest that answers; else names of mirrors, `official`, or addresses of indexes, in order of wish, separated by commas or line ends. A list is exclusive.',
  },
  {
    name: 'paddle-index',
    default: null,
    type: 'lines',
    help: "Base addresses of PaddlePaddle's own index or copies of it, one a line. Left out: the known ones.",
  },
  {
    name: 'configure',
    default: null,
    type: 'lines',
    choices: ['pip', 'docker', 'buildkit', 'containerd', 'podman', 'conda', 'off'],
    help: 'Which tools of later steps are told: `pip` of the chosen index; `docker`, `buildkit`, `containerd`, `podman` of `docker-mirrors`; `conda` (also mamba and micromamba) of a mirror with channels; `off` for none. Left out: `pip`, and `docker` where `docker-mirrors` is given.',
  },
  {
    name: 'docker-mirrors',
    default: null,
    type: 'lines',
    help: 'Mirrors of Docker Hub in order of wish: names of the catalogue (`daocloud`, `gcr`, `tencent`, `1ms`) or addresses, separated by commas or line ends. Each is looked at as a pull does before it is used.',
  },
  {
    name: 'docker-images',
    default: null,
    type: 'lines',
    help: 'Images to pull ahead, one a line, with or without a digest: `paddlepaddle/paddle:3.3.1`. Other registries that have it may follow behind commas, and ` as NAME:TAG` tags it.',
  },
  {
    name: 'docker-context',
    default: null,
    type: 'path',
    help: 'Folder to fill with the locked wheels and what `docker build` needs to install them without a network and without a secret in a layer.',
  },
  {
    name: 'pip-config',
    default: 'env',
    type: 'choice',
    choices: ['env', 'user', 'system'],
    help: "Where pip is told: `env` (variables of later steps), or pip's own configuration file of the `user` or the `system`, merged into what is there.",
  },
  {
    name: 'index-credentials',
    default: null,
    type: 'lines',
    secret: true,
    help: 'Secret: user and password of private indexes and registries of images, a line each, `https://host/ USER:PASSWORD`. Sent to that origin alone, and never written. A shell takes it from the variable `PADDLE_MIRROR_SETUP_INDEX_CREDENTIALS`, never from the command line.',
  },
  {
    name: 'scope',
    default: 'job',
    type: 'choice',
    choices: ['job', 'keep'],
    help: 'How long changes to the machine stay: `job` undoes them at the end of the job (a shell has no end: there they stay until `restore`), `keep` leaves them until `restore`.',
  },
  {
    // Not `env-file`: Node takes a flag of that name for itself, wherever it stands on the command line.
    name: 'environment-file',
    default: null,
    type: 'path',
    help: 'File that also gets the environment of later steps, for shells and other CI systems.',
  },
  {
    name: 'cache',
    default: 'auto',
    type: 'choice',
    choices: ['auto', 'github', 'directory', 's3', 'off'],
    help: "Where wheels are kept between runs. `auto` is the bucket of `cache-url` where one is named, GitHub's cache on its own runners and a folder elsewhere; `github`, `directory` and `s3` name one of them, `off` keeps nothing.",
  },
  {
    name: 'cache-url',
    default: null,
    type: 'text',
    help: "Bucket that many machines share: `s3://bucket/prefix`, with `?endpoint=https://host:port` for a server other than Amazon's, and `&region=`, `&path-style=true|false` where needed.",
  },
  {
    name: 'cache-path',
    default: null,
    type: 'path',
    help: 'Folder of the cache. Left out: one that fits the machine.',
  },
  {
    name: 'cache-write',
    default: 'auto',
    type: 'choice',
    choices: ['auto', 'always', 'never'],
    help: "Whether this run saves to a cache that other jobs read, such as GitHub's. `auto`: not for events that a stranger can cause, such as a pull request from a fork; `always`, `never`: whatever the event.",
  },
  {
    name: 'cache-limit',
    default: '30GB',
    type: 'text',
    help: 'Most that the cache folder may hold, wheels and unpacked files together: `20GB`, `500MB`, `1.5TB`, or `off`. What was not used for longest goes first, at the end of a run that added something.',
  },
  {
    name: 'verify',
    default: 'full',
    type: 'choice',
    choices: ['full', 'import', 'off'],
    help: '`full` compares computations with known answers, `import` only imports PaddlePaddle and checks its version, `off` does neither.',
  },
  {
    name: 'gpu',
    default: 'required',
    type: 'choice',
    choices: ['required', 'optional'],
    help: '`required`: a GPU build without a usable GPU fails. `optional`: it is installed and said to be unverified on a GPU.',
  },
  {
    name: 'lock-max-age',
    default: '7d',
    type: 'duration',
    help: 'How long versions that nobody pinned are kept before they are resolved again: `30m`, `12h`, `7d`, or `0` to resolve every time.',
  },
  {
    name: 'timeout-minutes',
    default: '30',
    type: 'number',
    help: 'One deadline over everything, in minutes.',
  },
  {
    name: 'report',
    default: null,
    type: 'path',
    help: 'File for the report as JSON.',
  },
] as const satisfies readonly InputSpec[];

/** Name of an input. */
export type InputName = (typeof table)[number]['name'];

/** Every input there is. action.yml, CLI, README and parser are generated from this table or checked against it. */
export const inputs: readonly InputSpec[] = table;

/** The variable from which a shell takes a secret input: a command line is open to every user of the machine. */
export function secretVariable(name: string): string {
  return `PADDLE_MIRROR_SETUP_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Takes secret inputs out of an action's environment, as the runner hands them to main and to post: no child is to inherit one. */
export function dropSecretInputs(environment: NodeJS.ProcessEnv): void {
  for (const { name, secret } of inputs) if (secret) delete environment[`INPUT_${name.toUpperCase()}`];
}

/** Every output of the action, with what it holds. */
export const outputs: readonly { readonly name: string; readonly help: string }[] = [
  { name: 'paddle-version', help: 'Version of PaddlePaddle that was installed.' },
  { name: 'device', help: 'Build that was chosen: `cpu`, `cu126`, `xpu`, ...' },
  { name: 'cuda-version', help: 'CUDA version of the build, empty for a build without CUDA.' },
  { name: 'python', help: 'Path of the interpreter that has PaddlePaddle.' },
  { name: 'venv', help: 'Path of the virtual environment, empty without one.' },
  { name: 'mirror', help: 'The source that served most of the bytes, empty where nothing was downloaded.' },
  {
    name: 'cache-hit',
    help: '`true` where a kept lock answered the request and the cache had every file of it; `false` also where it had some.',
  },
  { name: 'cache-key', help: 'Key under which files and lock are kept.' },
  { name: 'lock', help: 'Path of the `pylock.toml` with the exact files.' },
  { name: 'report', help: 'Path of the report as JSON, empty where none was asked for.' },
  { name: 'docker-mirrors', help: 'Addresses of the mirrors of Docker Hub that are used, separated by commas.' },
  {
    name: 'docker-images',
    help: 'Images that were pulled ahead, one a line, by repository and digest: what `docker run` takes without asking a registry.',
  },
  { name: 'docker-context', help: 'Path of the folder that was filled for `docker build`.' },
  { name: 'gpu-count', help: 'Number of GPUs on which PaddlePaddle was verified.' },
  {
    name: 'verified',
    help: '`true` where the verification passed, `false` where it was switched off or partly left out.',
  },
];
