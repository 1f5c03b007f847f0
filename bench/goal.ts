/** Prints a figure beside its goal. */
export function goal(text: string, value: number, most: number, unit: string): void {
  console.log(`  ${value <= most ? 'met   ' : 'MISSED'} ${text}: ${value.toFixed(2)}${unit}, goal ${most}${unit}`);
}
