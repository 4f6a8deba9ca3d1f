import * as v from 'valibot'
import { authorizer } from '../ws.ts'

const Member = v.object({ tenant: v.string(), roles: v.array(v.string()) })

// @mistake
authorizer(Member, ({ allow }) => allow('ann', { tenant: 'acme', roles: [] }))
