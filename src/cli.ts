import { runCli } from './cli/run.js';
import { errorCode } from './values/system-error.js';

// Who reads may leave early (`| head`): what is under way goes on, and the exit code still tells.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error) => {
    if (errorCode(error) !== 'EPIPE') throw error;
  });

process.exitCode = await runCli(process.argv.slice(2));
