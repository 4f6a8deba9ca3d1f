export const first = async () => ({ statusCode: 200, body: 'first' })
export const second = async () => ({ statusCode: 200, body: 'second' })
