/** A text in which no address shows a login: errors of clients like to repeat the address they were given. */
export function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, '//***@').replace(/\b(password|passwd|secret|token)=[^\s&;]+/gi, '$1=***');
}
