export type { LambdaContext } from './context.ts'
export { type LocalGateway, localGateway } from './gateway.ts'
export type { Invocation, LambdaCallback, LambdaHandler } from './invoke.ts'
export type { Clock, LocalOptions } from './options.ts'
