/**
 * Each rule of the builder as one sentence: the compiler prints it under the mistake, and `build()` throws it for those
 * who write plain JavaScript.
 */
export const MISTAKES = {
  duplicateRoute: 'This route already has a handler.',
  lifecycleRoute: 'Lifecycle routes have methods: onConnect, onDisconnect, onDefault.',
  unknownEvent: 'The protocol has no such event for a peer to send.',
  wrongPayload: 'This schema does not produce the payload of the protocol event.',
  missingSchema: 'This protocol event carries a payload. Pass a schema before the handler.',
  missingRoutes: 'These protocol events have no route. Handle them with .on() or list them as internal.',
  unknownInternal: 'The protocol has no such internal event.',
  lateDeclaration: 'Declarations come before the first route.',
  missingNeeds:
    'A middleware of this route needs what its context does not have. Put the middleware that adds it first.',
  noPushes: 'No push is declared. Name it and its schema in .pushes().',
  noInternal: 'No event is internal. List it: .protocol(machine, { internal: [...] }).',
  unknownRouteOption: 'route() has no such option.',
  channelWithoutStore: 'Channels need a store. Declare one with .store().',
  noMachine: 'There is no machine to tell. Declare one with .protocol().',
  protocolWithoutStore: 'A protocol needs a store. Call .store() before .build().',
} as const

export type MistakeName = keyof typeof MISTAKES

/** A rule broken in plain JavaScript, as `build()` throws it: the sentence, then where. */
export const mistake = (name: MistakeName, where: string): TypeError => new TypeError(`${MISTAKES[name]} (${where})`)
