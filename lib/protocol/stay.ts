/**
 * A transition that allows an event and leaves the state as it is.
 *
 * ```ts
 * joined: { on: { send: stay, leave: 'authenticated' } }
 * ```
 *
 * XState reads `send: {}` as *forbidden*, and most people read it as this; so `build()` refuses `{}`, and one writes
 * `stay` (allowed) or `undefined` (forbidden).
 */
export const stay: { readonly actions: () => void } = { actions: function stay() {} }
