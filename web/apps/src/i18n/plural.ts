/** The right form of a word for a number, by the language's own rules. */
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export function pluralIn(language: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  return (n, forms) => (forms[rules.select(n)] ?? forms.other).replace('#', String(n));
}
