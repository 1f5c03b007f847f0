/**
 * The arrows of the house; `npm run arrows` fails on a wrong one. From the top:
 * entries → faces (job, cli) → commands, setup → pipeline → rooms → net, process → catalog → packaging, values.
 */

const pureFloor = '^src/(values|packaging|catalog)/';
const sharedFloor = '^src/(values|packaging|catalog|net|process)/';
const aboveRooms = '^src/(job|cli|commands|pipeline)/';
const inputOutput =
  '^(node:)?(fs|fs/promises|child_process|cluster|dgram|dns|dns/promises|http|http2|https|net|os|process|readline|tls|worker_threads)$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one file, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import has to lead to a file or an installed package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'entries-only-start',
      comment: 'An entry starts its face and does nothing else.',
      severity: 'error',
      from: { path: '^src/(main|post|cli)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(job|cli)/' },
    },
    {
      name: 'entries-are-entries',
      comment: 'The faces of the program are started, never imported.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(main|post|cli)\\.ts$' },
    },
    {
      name: 'faces-apart',
      comment: 'A job and a shell are two faces of the same commands and know nothing of one another.',
      severity: 'error',
      from: { path: '^src/(job|cli)/' },
      to: { path: '^src/(job|cli)/', pathNot: '^src/$1/' },
    },
    {
      name: 'commands-below-faces',
      comment: 'A command does not know whether a job or a shell asked for it, and no command runs another.',
      severity: 'error',
      from: { path: '^src/(commands/|setup\\.ts$)' },
      to: { path: ['^src/(job|cli)/', '^src/setup\\.ts$', '^src/commands/'] },
    },
    {
      name: 'pipeline-below-commands',
      comment: 'The stages of the main path do not know the commands that use them.',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: ['^src/(job|cli|commands)/', '^src/setup\\.ts$'] },
    },
    {
      name: 'room-to-room',
      comment: 'A room knows its own files and the shared floor; what joins rooms lies above them.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: aboveRooms },
      to: { path: '^src/', pathNot: ['^src/$1/', sharedFloor] },
    },
    {
      name: 'plan-alone',
      comment: 'The plan is decided from values and the catalogue.',
      severity: 'error',
      from: { path: '^src/plan\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/plan/', pureFloor] },
    },
    {
      name: 'floor-of-io',
      comment: 'HTTP and processes stand on values and packaging rules, and not on one another.',
      severity: 'error',
      from: { path: '^src/(net|process)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/(values|packaging)/'] },
    },
    {
      name: 'catalogue-below-io',
      comment: 'The catalogue stands on values and packaging rules.',
      severity: 'error',
      from: { path: '^src/catalog/' },
      to: { path: '^src/', pathNot: pureFloor },
    },
    {
      name: 'values-at-the-bottom',
      comment: 'Values and packaging rules stand on nothing but each other.',
      severity: 'error',
      from: { path: '^src/(values|packaging)/' },
      to: { path: '^src/', pathNot: '^src/(values|packaging)/' },
    },
    {
      name: 'pure-means-pure',
      comment: 'The catalogue, the plan, the values and the packaging rules do no I/O.',
      severity: 'error',
      from: { path: '^src/(values|packaging|catalog|plan)(/|\\.ts$)' },
      to: { path: ['^src/(net|process)/', inputOutput, 'node_modules/(undici|@actions)/'] },
    },
    {
      name: 'one-place-for-processes',
      comment: 'Limits, process groups and abort are kept once.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/process/' },
      to: { path: ['^(node:)?child_process$', 'node_modules/@actions/exec/'] },
    },
    {
      name: 'one-place-for-requests',
      comment: 'Proxies, certificates, time-outs and credentials are kept once.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/net/' },
      to: { path: ['^(node:)?(https|http2|tls)$', 'node_modules/undici/'] },
    },
    {
      name: 'actions-core-at-the-edge',
      comment: 'The same pipeline runs from a shell: only the edge speaks to the Actions runner.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/report/' },
      to: { path: 'node_modules/@actions/core/' },
    },
    {
      name: 'product-without-tools',
      comment: 'What users run imports neither tests nor development tools.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: ['^__tests__/', '^bench/', '^scripts/'] },
    },
    {
      name: 'product-dependencies',
      comment: 'A package that the product imports is one of its dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
