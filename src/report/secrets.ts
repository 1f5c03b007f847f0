/** Hides secrets in text that is about to be printed. */
export interface Secrets {
  /** From now on this value is hidden, also as it stands in addresses. Values shorter than 3 characters are not: hiding them would make the output unreadable. */
  add(secret: string): void;
  hide(text: string): string;
}

/** An empty set of secrets. */
export function createSecrets(): Secrets {
  const forms = new Set<string>();
  return {
    add(secret) {
      if (secret.length < 3) return;
      forms.add(secret);
      forms.add(encodeURIComponent(secret));
      // A URL writes its password in a form of its own (WHATWG URL, userinfo percent-encode set).
      const address = new URL('http://user@host.invalid');
      address.password = secret;
      forms.add(address.password);
    },
    hide(text) {
      // Longest first, so that a secret that holds another one leaves nothing of itself behind.
      const ordered = [...forms].sort((a, b) => b.length - a.length);
      return ordered.reduce((hidden, form) => hidden.replaceAll(form, '***'), text);
    },
  };
}
