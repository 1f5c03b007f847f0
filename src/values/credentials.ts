/** A user name and password for one origin; both are masked before anything is printed. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}
