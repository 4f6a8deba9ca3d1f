import * as v from 'valibot'
import { authorizer } from '../ws.ts'

const Member = v.object({ principalId: v.string(), tenant: v.string() })

// @mistake
authorizer(Member, ({ allow }) => allow('ann'))
