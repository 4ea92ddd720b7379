/** The registry's wire format around any bytes. */
export function wire(schemaId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(schemaId, 1)
  return Buffer.concat([head, body])
}
