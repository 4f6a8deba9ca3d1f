import type { Gate } from './gate.ts'
import { bucket } from './rates.ts'
import { LIMITS } from './rules.ts'
import type { Settings } from './settings.ts'

/** The quotas of the account, where the options ask for them. */
export const quotas = ({ clock, connectsPerSecond, requestsPerSecond }: Settings): Gate['hasRoomFor'] => {
  const { requestsPerSecond: requests, requestsBurst } = LIMITS
  return {
    connect:
      connectsPerSecond === undefined
        ? always
        : bucket({ perSecond: connectsPerSecond, burst: Math.max(1, connectsPerSecond) }, clock).take,
    request:
      requestsPerSecond === undefined
        ? always
        : bucket(
            {
              perSecond: requestsPerSecond,
              burst: Math.max(1, (requestsPerSecond * requestsBurst.value) / requests.value),
            },
            clock,
          ).take,
  }
}

const always = () => true
