import type { Sourced } from './devices.js';
import data from './find-links.json' with { type: 'json' };

/** Pages that list the builds of 2.4 to 2.6.1 for one CUDA each (`2.6.0.post112`), which are on no index. */
export const findLinks: { readonly linux: string; readonly win32: string } & Sourced = data;
