export function callBuiltins(text: string, file: string): string
