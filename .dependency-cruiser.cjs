/** The arrows of the house: entries → setup.ts → rooms → values, packaging. `npm run arrows` fails on a wrong one. */

const sharedFloor = '^src/(values|packaging|catalog|net)/';
const pureRooms = '^src/(values|packaging|catalog|plan)(/|\\.ts$)';
const inputOutput =
  '^(node:)?(fs|fs/promises|child_process|cluster|dgram|dns|dns/promises|http|http2|https|net|os|process|readline|tls|worker_threads)$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that need each other are one file, or hide a third; types alone may refer to one another.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'Every import has to lead to a file or an installed package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'room-to-room',
      comment:
        'A room knows its own files and the shared floor; what joins rooms lies above them: pipeline, commands, faces.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/(job|cli|commands|pipeline|bundle|models)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', sharedFloor] },
    },
    {
      name: 'pipeline-below-commands',
      comment: 'The stages of the main path do not know the commands that use them.',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: ['^src/(job|cli|commands)/', '^src/setup\\.ts$'] },
    },
    {
      name: 'commands-below-faces',
      comment: 'A command does not know whether a job or a shell asked for it.',
      severity: 'error',
      from: { path: '^src/commands/' },
      to: { path: '^src/(job|cli)/' },
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
      from: { path: pureRooms },
      to: { path: ['^src/net/', inputOutput, 'node_modules/(undici|@actions)/'] },
    },
    {
      name: 'entries-are-entries',
      comment: 'The faces of the program are started, never imported.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(main|post|cli)\\.ts$' },
    },
    {
      name: 'actions-core-at-the-edge',
      comment: 'The same pipeline runs from a shell: only the edge speaks to the Actions runner.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|post\\.ts|report/)' },
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
