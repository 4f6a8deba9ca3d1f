/**
 * Each rule of the builder as one sentence: the compiler prints it under the mistake, and `build()` throws it for those
 * who write plain JavaScript. One export each, so that a bundle carries only those that its code can throw.
 */
export const duplicateRoute = 'This route already has a handler.'
export const lifecycleRoute = 'Lifecycle routes have methods: onConnect, onDisconnect, onDefault.'
export const unknownEvent = 'The protocol has no such event for a peer to send.'
export const wrongPayload = 'This schema does not produce the payload of the protocol event.'
export const missingSchema = 'This protocol event carries a payload. Pass a schema before the handler.'
export const missingRoutes = 'These protocol events have no route. Handle them with .on() or list them as internal.'
export const unknownInternal = 'The protocol has no such internal event.'
export const lateDeclaration = 'Declarations come before the first route.'
export const secondDeclaration = 'This is declared already.'
export const missingNeeds =
  'A middleware of this route needs what its context does not have. Put the middleware that adds it first.'
export const noPushes = 'No push is declared. Name it and its schema in .pushes().'
export const noInternal = 'No event is internal. List it: .protocol(machine, { internal: [...] }).'
export const unknownRouteOption = 'route() has no such option.'
export const channelWithoutStore = 'Channels need a store. Declare one with .store().'
export const keepingWithoutStore = 'What is kept needs a store. Call .store() before .build().'
export const noKept = 'Nothing is said of what is kept. Declare it with .connection(schema).'
export const noPresence = 'Nothing is said of presence. Declare it: .channels({ presence: schema }).'
export const noMachine = 'There is no machine to tell. Declare one with .protocol().'
export const protocolWithoutOrder =
  'This application has a protocol. Pass its machine, { protocol: machine }, or the messages that may change its state, { order: [...] }.'
export const protocolWithoutStore = 'A protocol needs a store. Call .store() before .build().'
export const taskWithoutStore = 'Tasks need a store. Declare one with .store().'
export const ownProgress =
  'A task says how far it is by progress(fraction, note), whose shape is given: leave progress out of route().'
export const noTask = 'This route is no task. Name one that .task() has declared.'
export const nestedContext = 'The context of an authorizer is flat: strings, numbers and booleans.'
export const principalInContext = 'The principalId is the first argument, and no part of the context.'

/** A rule broken in plain JavaScript, as `build()` throws it: the sentence, then where. */
export const mistake = (sentence: string, where: string): TypeError => new TypeError(`${sentence} (${where})`)

/** Refuse what is not there, or is something else. */
export const need = (there: boolean, what: string, where: string): void => {
  if (!there) throw new TypeError(`${what} is missing in ${where}.`)
}

/** Refuse an object without these functions; by default all that it has are to be some. */
export const needFunctions = (where: string, given: unknown, names = Object.keys(Object(given))): void => {
  const absent = names.filter((name) => typeof Object(given)[name] !== 'function')
  need(absent.length === 0, 'A function', `${where}: ${absent.join(', ')}`)
}

/** Refuse what is no object of names, or has others than these. */
export const needKeys = (
  where: string,
  given: unknown,
  allowed?: readonly string[],
  sentence = `${where} has no such option.`,
): void => {
  need(typeof given === 'object' && !!given && !Array.isArray(given), 'An object', where)
  const unknown = allowed && Object.keys(Object(given)).find((name) => !allowed.includes(name))
  if (unknown !== undefined) throw mistake(sentence, `'${unknown}' in ${where}, which has ${allowed?.join(', ')}`)
}
