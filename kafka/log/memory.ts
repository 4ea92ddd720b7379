/** Smaller ones may lie beside others in one piece of memory, and are no load. */
const largeBytes = 1024 * 1024

/**
 * Gives the memory of large bytes back at once: nothing of them may be read any more. Left to the garbage collector,
 * hundreds of MiB come together before it looks at them.
 * @param bytes nobody else has any in the same piece of memory
 */
export function giveBack({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= largeBytes) buffer.transfer(0)
}
