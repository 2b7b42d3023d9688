export function packagesOf(inputs: readonly string[], root: string): string[]
export function noticesOf(folders: readonly string[]): string
