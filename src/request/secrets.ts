import { secretForms } from '../values/credentials.js';
import type { Request } from '../values/request.js';

/**
 * Every text of a request that must never be printed: passwords and tokens of its indexes and mirrors, as they are and as they stand
 * in addresses. To be masked before anything else happens with the request.
 */
export function secretsOf({ mirrors, paddleIndexes, requirements }: Request): string[] {
  const held = [
    ...(mirrors === 'auto' ? [] : mirrors.map((wish) => (wish.kind === 'url' ? wish.credentials : null))),
    ...[...paddleIndexes, ...requirements.indexes].map(({ credentials }) => credentials),
  ];
  return [...new Set(held.filter((credentials) => credentials !== null).flatMap(secretForms))];
}
