import type { Plan } from '../flow/plan.ts'
import type { Warning } from '../types/options.ts'
import type { Parts } from './parts.ts'

/** Say what can be seen in the chain. */
export const warnAtBuild = (
  { onConnect, authorizer, protocol, routes }: Parts,
  warn: (warning: Warning) => void,
): void => {
  if (!onConnect && !authorizer)
    warn({
      code: 'OPEN_DOOR',
      message: 'Anybody can connect: there is neither an onConnect handler nor an authorizer.',
      fix: 'Check the peer in .onConnect(), declare an .authorizer(), or say that it is meant: .onConnect(() => accept()).',
    })
  const bare = protocol ? [...routes].flatMap(([name, { input }]) => (input ? [] : [name])) : []
  if (bare.length > 0)
    warn({
      code: 'ROUTE_WITHOUT_SCHEMA',
      message: `Without a schema what these messages carry is dropped before the protocol sees it: ${bare.join(', ')}.`,
      fix: 'Pass a schema before the handler; for a message that carries nothing, one of undefined, such as v.undefined().',
    })
}

/** Say what can only be seen where the application runs. */
export const warnOnLambda = ({ store, warn }: Plan): void => {
  if (store?.name === 'memory' && process.env.AWS_LAMBDA_FUNCTION_NAME)
    warn({
      code: 'MEMORY_ON_LAMBDA',
      message:
        'The memory store is in use on Lambda, where each instance has a memory of its own: they will not agree.',
      fix: 'Use a store that all instances share, such as dynamodb() or redis().',
    })
}
