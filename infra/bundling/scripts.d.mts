export function toScript(text: string, file: string): string
