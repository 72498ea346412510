/** How many rows came, went or moved among the others. */
export function changes(before: string[], now: string[]): number {
  const had = new Set(before), has = new Set(now);
  const gone = before.filter((id) => !has.has(id)).length, come = now.filter((id) => !had.has(id)).length;
  const stayed = before.filter((id) => has.has(id)), place = new Map(now.filter((id) => had.has(id)).map((id, i) => [id, i]));
  return gone + come + stayed.filter((id, i) => place.get(id) !== i).length;
}
