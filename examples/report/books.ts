import { setTimeout } from 'node:timers/promises'

/** What was sold in a month. */
export interface Month {
  readonly name: string
  readonly orders: number
  /** Euros. */
  readonly revenue: number
}

export const NAMES = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
]
/** The first year of which there are books. */
export const FIRST_YEAR = 2023

/** A month of made-up books, week by week, which takes its time. `told` hears how far it is, from 0 to 1. */
export const addUp = async (
  year: number,
  month: number,
  { told, signal }: { readonly told: (fraction: number) => Promise<void>; readonly signal: AbortSignal },
): Promise<Month> => {
  let orders = 0
  let revenue = 0
  for (let week = 0; week < WEEKS; week++) {
    await told(week / WEEKS)
    await pace.rest(signal)
    // The same numbers each time, with a summer and a Christmas in them.
    const luck = ((year * 31 + month * 7 + week * 13) * 2_654_435_761) % 97
    const sold = 60 + luck + Math.round(40 * Math.sin(month / 2) ** 2) + (month === 11 ? 80 : 0)
    orders += sold
    revenue += sold * (20 + (luck % 11))
  }
  return { name: NAMES[month] ?? '', orders, revenue }
}

/** How long a week takes. A spec has it take as long as it likes. */
export const pace = {
  rest: (signal: AbortSignal): Promise<void> => setTimeout(WEEK_MS, undefined, { signal }),
}

const WEEKS = 4
const WEEK_MS = 125
