import type { Api } from '../event/event.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Options } from '../types/options.ts'

/** How to reach the connections of an event: one gateway per endpoint, made when something is first sent through it. */
export const gateways = ({ gateway, endpoint }: Options, random: () => number) => {
  if (gateway) return () => gateway
  const made = new Map<string, Promise<Gateway>>()
  let last: { readonly of: Api; readonly gateway: Gateway } | undefined

  const at = (url: string): Promise<Gateway> => {
    const found = made.get(url) ?? load().then(({ management }) => management({ endpoint: url, random }))
    made.set(url, found)
    return found
  }
  return (context?: Api): Gateway => {
    if (last && (!context || same(last.of, context))) return last.gateway
    const found = late(async () => at((await load()).endpointOf(context, { override: endpoint })))
    if (context) last = { of: context, gateway: found }
    return found
  }
}

/** What an endpoint is made of: as long as it stays, so does the gateway. */
const same = (a: Api, b: Api) => a.apiId === b.apiId && a.stage === b.stage && a.domainName === b.domainName

/** Signing and sending is loaded when something is first sent: until then it costs a cold start nothing. */
const load = () => import('../gateway/management.ts')

/** A function that sends nothing needs neither a region nor credentials; one that sends much finds its gateway once. */
const late = (find: () => Promise<Gateway>): Gateway => {
  let found: Gateway | undefined
  const here = async (): Promise<Gateway> => {
    found ??= await find()
    return found
  }
  return {
    post: async (...given) => (found ?? (await here())).post(...given),
    close: async (...given) => (found ?? (await here())).close(...given),
    info: async (...given) => (found ?? (await here())).info(...given),
  }
}
