/**
 * Threads on which Node works on files and looks names up (libuv, "Thread pool work scheduling"): 4 where UV_THREADPOOL_SIZE says nothing
 * else. Every wait for a slow disk or a name server holds one of them.
 */
export const threads = Math.min(1024, Math.max(1, Math.trunc(Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)) || 1));
