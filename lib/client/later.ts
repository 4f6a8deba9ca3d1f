// What is loaded with the first connection that is made, or with the first error: code that nobody waits for.
export { careOf } from './care.ts'
export { check } from './check.ts'
export { follow, next, stream } from './follow.ts'
export { again, lost } from './recover.ts'
export { refused } from './refused.ts'
export { takeOver } from './takeover.ts'
export { WORDS } from './words.ts'
