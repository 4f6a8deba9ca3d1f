export type { AuthorizerEvent } from '../event/authorizer.ts'
export type { Asked, Authorizer } from './authorizer.ts'
export { authorizer } from './authorizer.ts'
export type { Allow, AuthorizerResult, Scalar, Verdict } from './verdict.ts'
