export const first = async () => ({ statusCode: 201 })
export const second = async () => ({ statusCode: 202 })
