exports.run = async () => ({ statusCode: 200, body: 'from CommonJS' })
