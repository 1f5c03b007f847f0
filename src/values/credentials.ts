/** A user name and password for one origin; both are masked before anything is printed. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * What of credentials must never be printed, as it is and as it stands in addresses. A user name is no secret beside a password, and as a
 * bare word (`root`, `paddle`) it would be hidden wherever it stands; alone it is a token (`https://TOKEN@host`).
 */
export function secretForms({ username, password }: Credentials): string[] {
  const secret = password === '' ? username : password;
  return secret === '' ? [] : [...new Set([secret, encodeURIComponent(secret)])];
}

/** Credentials that the user gave for one origin (`https://host:port`), and for nothing else. */
export interface IndexCredentials {
  readonly origin: string;
  readonly credentials: Credentials;
}
