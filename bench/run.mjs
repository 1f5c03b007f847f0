/**
 * Runs a measured comparison: `npm run bench -- install`. Needs Node 24, which reads TypeScript by leaving the types out
 * (scripts/node24.mjs finds it); the hook finds the file `x.ts` for the `./x.js` that the sources import.
 */
import { existsSync, readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(fileURLToPath(source))) return next(source.href, context);
    }
    return next(specifier, context);
  },
});

const names = readdirSync(import.meta.dirname).flatMap((file) => /^([\w-]+)\.bench\.ts$/.exec(file)?.[1] ?? []);
const [, , name = ''] = process.argv;
if (names.includes(name)) await import(new URL(`${name}.bench.ts`, import.meta.url).href);
else {
  console.error(`npm run bench -- ${names.join('|')}`);
  process.exitCode = 2;
}
