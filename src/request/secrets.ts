import type { Request } from '../values/request.js';

/**
 * Every text of a request that must never be printed: user names and passwords of its indexes and mirrors, as they are and as they stand
 * in addresses. To be masked before anything else happens with the request.
 */
export function secretsOf({ mirrors, paddleIndexes, requirements }: Request): string[] {
  const held = [
    ...(mirrors === 'auto' ? [] : mirrors.map((wish) => (wish.kind === 'url' ? wish.credentials : null))),
    ...[...paddleIndexes, ...requirements.indexes].map(({ credentials }) => credentials),
  ];
  const texts = held
    .filter((credentials) => credentials !== null)
    .flatMap(({ username, password }) => [username, password])
    .flatMap((text) => [text, encodeURIComponent(text)]);
  return [...new Set(texts)].filter((text) => text !== '');
}
