/**
 * Full years since a day of the calendar, in UTC; negative for one to come. `undefined` unless it is a real day, `YYYY-MM-DD`.
 *
 * @param at milliseconds since the Unix epoch
 */
export const ageAt = (birthdate: string, at: number): number | undefined => {
  if (!isDay(birthdate)) return undefined
  const today = new Date(at).toISOString().slice(0, 'YYYY-MM-DD'.length)
  const years = Number(today.slice(0, 4)) - Number(birthdate.slice(0, 4))
  return today.slice(4) < birthdate.slice(4) ? years - 1 : years
}

/** `Date` takes the 30th of February for a day in March. */
export const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}
