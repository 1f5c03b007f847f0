/** Enough for the names of all known mirrors to hang at a time while files are read and flushed. */
const WANTED = 16;
/** Older ones have begun their threads before the first line of a program runs. */
const HEEDED_FROM = 24;

/**
 * Threads on which Node works on files and looks names up (libuv, "Thread pool work scheduling"): every wait for a slow disk or a name server
 * holds one of them. Its own 4 are too few for a list of mirrors of which some have no name server that answers. What UV_THREADPOOL_SIZE
 * says holds; libuv reads it when the first work is given, which is later than this module is loaded.
 */
export const threads = readThreads(process.env, Number(process.versions.node.split('.')[0]));

function readThreads(environment: NodeJS.ProcessEnv, nodeMajor: number): number {
  if (nodeMajor >= HEEDED_FROM) environment['UV_THREADPOOL_SIZE'] ??= String(WANTED);
  return Math.min(1024, Math.max(1, Math.trunc(Number(environment['UV_THREADPOOL_SIZE'] ?? 4)) || 1));
}
