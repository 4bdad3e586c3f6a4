/** Into the clipboard; `false` where the browser has none, and the text stays selected. */
export async function copy(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without https have no clipboard: the old way.
    field?.select();
    return field !== null && document.execCommand('copy');
  }
}
