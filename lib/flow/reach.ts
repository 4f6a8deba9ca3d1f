import type { Api } from '../event/event.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Plan } from './plan.ts'

/** How to reach the connection of an event, by frames of any size that the codec carries. */
export const reach = (plan: Plan, api?: Api): Gateway => plan.carrying(plan.gatewayOf(api))
