/** A user name and password for one origin; both are masked before anything is printed. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Credentials that the user gave for one origin (`https://host:port`), and for nothing else. */
export interface IndexCredentials {
  readonly origin: string;
  readonly credentials: Credentials;
}
