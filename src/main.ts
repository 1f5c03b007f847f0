import { runMain } from './job/main.js';

process.exit(await runMain());
