import { runPost } from './job/post.js';

process.exit(await runPost());
