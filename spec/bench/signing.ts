import { sign } from '../../lib/aws/sign.ts'
import { compare } from './measure.ts'
import { CREDENTIALS, FRAME, idOf, pathOf } from './post.ts'
import { steps } from './protocol.ts'

export interface Signing {
  /** Nanoseconds of one signature. */
  readonly signNs: number
  /** The same over a step of XState and JSON, which tells how fast this machine is: the median of the rounds. */
  readonly ratio: number
}

/** Signs one frame for many connections, as a broadcast does. */
export const signing = async (): Promise<Signing> => {
  let count = 0
  const signOne = () =>
    sign(
      {
        method: 'POST',
        host: 'abc.execute-api.eu-west-1.amazonaws.com',
        path: pathOf(idOf(count++)),
        body: FRAME,
      },
      { credentials: CREDENTIALS, region: 'eu-west-1', service: 'execute-api' },
    )
  const [, signed] = await compare([
    { name: 'a step of XState and JSON', run: steps().scoped },
    { name: 'a signature', run: signOne },
  ])
  return { signNs: signed?.nanoseconds ?? Number.NaN, ratio: signed?.ratio ?? Number.NaN }
}
