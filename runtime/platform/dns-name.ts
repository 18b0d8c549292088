/**
 * Domain names as text: labels joined by dots, and a dot inside a label escaped, since people put dots into the names
 * of their services.
 *
 * Takes  labels, which are any text.
 * Gives  one string per name that can be taken apart again: `Dr\. Beat._apple-midi._udp.local`.
 * Spec: RFC 1035 section 5.1, RFC 6763 section 4.3 (backslash before a dot and before a backslash).
 */

export function escapeLabel(label: string): string {
  return label.replace(/[.\\]/g, '\\$&');
}

export function joinLabels(labels: readonly string[]): string {
  return labels.map(escapeLabel).join('.');
}

/** The labels, unescaped. A trailing dot (the root) is passed over. */
export function splitName(name: string): string[] {
  const labels: string[] = [];
  let label = '';
  let open = false;
  for (let at = 0; at < name.length; at++) {
    const character = name.charAt(at);
    if (character === '.') {
      labels.push(label);
      label = '';
      open = false;
      continue;
    }
    if (character === '\\') at++;
    label += name.charAt(at);
    open = true;
  }
  if (open) labels.push(label);
  return labels;
}

/** Names are compared without case (RFC 6762 section 16). */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
