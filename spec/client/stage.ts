import { begin } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

/** A client that enters whenever it has to, and how often it had not to. */
export const stage = (
  options: Parameters<typeof seat>[0] = {},
  more: object = {},
  given: Parameters<typeof begin>[2] = {},
) => {
  const recovered: boolean[] = []
  const parts = seat(options)
  const begun = begin(
    parts.app,
    {
      protocol: seatMachine,
      onReady: async ({ send, recovered: was }) => {
        recovered.push(was)
        if (!was) await send('enter')
      },
      ...more,
    },
    given,
  )
  return { ...parts, ...begun, recovered }
}
