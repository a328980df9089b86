/** Texts that look like secrets. */

/** Credentials with a prefix that does not occur in ordinary text. */
export const credentialText = new RegExp(
  [
    "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?-----END [A-Z ]*PRIVATE KEY-----",
    "\\b(?:sk|rk|pk)-(?:[a-z]+-)?[A-Za-z0-9_-]{20,}",
    "\\bsk_(?:live|test)_[A-Za-z0-9]{16,}",
    "\\bgh[pousr]_[A-Za-z0-9]{30,}",
    "\\bgithub_pat_[A-Za-z0-9_]{30,}",
    "\\bglpat-[A-Za-z0-9_-]{20,}",
    "\\bfw_[A-Za-z0-9]{20,}",
    "\\bxox[abposr]-[A-Za-z0-9-]{20,}",
    "\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b",
    "\\bAIza[0-9A-Za-z_-]{35}",
    "\\bnpm_[A-Za-z0-9]{36}",
    "\\beyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}",
  ].join("|"),
  "g",
);

/** Words in the name of a variable that holds a secret, or half of one. */
const secretName =
  /TOKEN|SECRET|PASS(?:WOR|WD|PHRASE|_|$)|PWD|KEY|AUTH|CREDENTIAL|COOKIE|SESSION|BEARER|USERNAME|_USER$|SIGNING|_OTP$/i;

/** A URL with a user, `user:password@host`, an assignment to a name of a secret, or the text of a key. */
const secretValue =
  /:\/\/[^\s/?#]*@|(?:^|[\s=,])[^\s/@:]+:[^\s/@]+@|(?:token|secret|passw(?:or)?d|passphrase|auth|credentials?|api[-_]?key)[\w.-]*\s*[=:]|-----BEGIN/i;

/** True when the name or the value of an environment variable suggests a secret. */
export function looksSecret(name: string, value: string): boolean {
  return secretName.test(name) || secretValue.test(value) || value.search(credentialText) !== -1;
}
